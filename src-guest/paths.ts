import { linkSocketName, bootFileName } from '@shared/link';

/** Places inside the image. `private` belongs to the agent's user alone (0700): no program of the session looks in. */
const run = '/run/wheelhouse';
const door = `${run}/private/link`;
export const guestPaths = {
  boot: `${door}/${bootFileName}`,
  link: `${door}/${linkSocketName}`,
  mark: `${run}/private/mark`,
  rfb: `${run}/private/rfb.sock`,
  machineId: `${run}/machine-id`,
  /** Where the session's supervisor reports for duty. */
  session: `${run}/session.sock`,
  sessionFile: '/opt/wheelhouse/session/session.json',
  display: '/tmp/.X11-unix/X0',
  home: '/home/session',
} as const;
