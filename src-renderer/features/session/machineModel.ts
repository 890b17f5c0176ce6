import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';

/** "Docker container", "QEMU machine, emulated". Empty while the session has no machine. */
export function machineWords(session: Session, pool: Pool | undefined): string {
  const backend = session.machine?.backend;
  switch (backend) {
    case 'docker':
      return 'Docker container';
    case 'qemu':
      return isEmulated(pool) ? 'QEMU machine, emulated' : 'QEMU machine';
    case 'fake':
      return 'Made-up machine';
    case undefined:
      return '';
  }
}

/** Whether the pool's processors are emulated, as its condition says; a pool that was changed to another backend says nothing. */
function isEmulated(pool: Pool | undefined): boolean {
  return (
    pool?.backend === 'qemu' &&
    pool.observed.conditions.some((each) => each.type === 'Backend' && /emulat/i.test(each.message))
  );
}

/** C0 and C1 but tab, delete, and the signs that turn the direction of what follows: none of them is for a reader. */
// oxlint-disable-next-line no-control-regex
const unseen = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// oxlint-disable-next-line no-control-regex
const escapes = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** A line of a machine's console as plain text: what colours it or moves a terminal's cursor is left out, nothing is interpreted. */
export function plainLine(line: string): string {
  return line.replace(escapes, '').replace(unseen, '');
}
