import { expect, it } from 'vitest';
import { usageQuerySchema, type UsageReport } from '@shared/usage';
import { usageHandlers } from './handlers/usage';

const measured = { sessions: 1, calls: 2, wallMs: 3000, activeMs: 1000, heldMs: 0, pausedMs: 0, suspendedMs: 0 };
const total = { ...measured, recordBytes: 5, checkpointBytes: 0 };
const report: UsageReport = {
  ...{ from: '2026-01-03T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z', by: 'caller', truncated: false, total },
  rows: [{ key: 'clerk', name: 'clerk', poolId: null, caller: 'clerk', ...total }],
};

it('writes what is shown to the file that the person chose, and says when none was', async () => {
  const asked: unknown[] = [];
  const files: { name: string; kind: string; text: string }[] = [];
  const handlers = (saved: boolean) =>
    usageHandlers(
      { usage: { report: (query) => (asked.push(query), report) } },
      { saveText: async (file) => (files.push(file), saved) },
    );
  const query = usageQuerySchema.parse({ by: 'caller', pool: 'desktop' });
  expect(await handlers(true)['usage.exportCsv'](query)).toEqual({ saved: true });
  expect(await handlers(false)['usage.exportCsv'](query)).toEqual({ saved: false });
  expect(asked).toEqual([query, query]);
  expect(files[0]).toMatchObject({ name: 'wheelhouse-usage-caller-2026-01-03.csv', kind: 'csv' });
  expect(files[0]?.text).toMatch(/^caller,.*\r\nclerk,clerk,,clerk,1,2,3\.000,1\.000,0\.000,.*,5,0\r\n$/);
});
