import { randomBytes } from 'node:crypto';
import { connectGuest, openRfb } from '../../guest/index';
import type { IdentityLine } from './bootLine';
import { RfbGlance } from './rfbGlance';

/**
 * The in-guest agent's engine compiles a function when it is first called and learns its types from the next calls:
 * after so many rounds no machine has any of that left to do.
 */
const rounds = 8;
const roundMs = 30_000;

/**
 * Has a machine do what each of its clones will be asked first, before it is saved: to become another one, to prove
 * itself, to show its screen, to run a command. Throws guest_failed, or the signal's reason. The machine is nobody's
 * afterwards, and has no connection.
 */
export async function rehearse(boot: IdentityLine, path: string, parent: AbortSignal): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const signal = AbortSignal.any([parent, AbortSignal.timeout(roundMs)]);
    const identity = { machineId: 'm_rehearsal', secret: randomBytes(32).toString('base64url') };
    await boot.introduce(identity, randomBytes(64), Date.now(), signal);
    const target = { ...identity, path };
    const guest = await connectGuest(target, signal);
    try {
      await guest.health();
      const glance = await RfbGlance.open(await openRfb(target, signal), signal);
      await glance.colours();
      glance.close();
      await guest.setEpoch(1);
      await guest.exec({ epoch: 1, command: 'true', timeoutMs: 10_000 }, signal);
      await guest.listWindows();
      await guest.listProcesses(10);
      await guest.clipboardRead();
    } finally {
      guest.close();
    }
  }
}
