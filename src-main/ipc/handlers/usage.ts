import { csvName, toCsv } from '../../usage/csv';
import type { Handlers } from '../router';
import type { Rooms, Shell } from '../rooms';

export const usageHandlers = ({ usage }: Pick<Rooms, 'usage'>, shell: Pick<Shell, 'saveText'>) =>
  ({
    'usage.report': (query) => usage.report(query),
    async 'usage.exportCsv'(query) {
      const report = usage.report(query);
      return { saved: await shell.saveText({ name: csvName(report), kind: 'csv', text: toCsv(report) }) };
    },
  }) satisfies Partial<Handlers>;
