import { linkLimits } from '@shared/link';
import { WheelhouseError } from '../base/errors';
import { GuestLink } from './guestLink';
import { openLink } from './openLink';
import { connectRfbGuest, openScreen } from './rfbLink';
import { parseRfbPath } from './rfbPath';
import type { ConnectGuest, GuestClient, OpenRfb } from './types';

/** Milliseconds a call may take when its own time limit does not say otherwise. */
const callMs = 10_000;
/** A command's own limit is kept by the guest; this much later the broker stops waiting for its answer. */
const execGraceMs = 5_000;
/** Beyond what programs get to end by themselves: what is left is ended and written to the disks. */
const settleGraceMs = 5_000;

/**
 * Connects to a machine's in-guest agent and proves both ends. Rejects with guest_failed (nothing listens, wrong
 * identity, rubbish), guest_timeout, or the signal's reason. For a machine that has none (a path of `rfb:`) the client
 * asks its screen, and every call to an agent is not_supported.
 */
export const connectGuest: ConnectGuest = async (target, signal) => {
  const screen = parseRfbPath(target.path);
  if (screen) return connectRfbGuest(target, screen, signal);
  const link = new GuestLink(target, await openLink(target, 'calls', signal));
  return guestClient(link);
};

/**
 * Opens a raw RFB stream through the agent, or to the machine's own server where there is none; rejects as `connectGuest`
 * does. The stream carries bytes from RFB's greeting on.
 */
export const openRfb: OpenRfb = async (target, signal) => {
  const screen = parseRfbPath(target.path);
  if (screen) return openScreen(target, screen, signal);
  const { framed } = await openLink(target, 'rfb', signal);
  return framed.socket;
};

function guestClient(link: GuestLink): GuestClient {
  const inTime = { timeoutMs: callMs };
  let knows: Promise<boolean> | null = null;
  /** An agent of an older image, whose machine outlived the update, ends its connection at a call it has never heard of. */
  const mustKnow = async (what: string): Promise<void> => {
    knows ??= link.call('health', {}, inTime).then(({ mark }) => mark !== undefined);
    knows.catch(() => (knows = null));
    if (await knows) return;
    throw new WheelhouseError('not_supported', `This machine's agent does not know ${what}.`);
  };
  return {
    target: link.target,
    health: (timeoutMs = callMs) => link.call('health', {}, { timeoutMs }),
    async setEpoch(epoch) {
      await link.call('setEpoch', { epoch }, inTime);
    },
    async mark(mark) {
      await mustKnow('mark');
      await link.call('mark', { mark }, inTime);
    },
    async settle(ms) {
      await mustKnow('settle');
      return link.call('settle', { ms }, { timeoutMs: ms + settleGraceMs });
    },
    exec: (call, signal) => link.call('exec', call, { timeoutMs: call.timeoutMs + execGraceMs, signal }),
    listWindows: () => link.call('listWindows', {}, inTime),
    activateWindow: (call) => link.call('activateWindow', call, inTime),
    closeWindow: (call) => link.call('closeWindow', call, inTime),
    launch: (call) => link.call('launch', call, inTime),
    listProcesses: (maxCount) => link.call('listProcesses', { maxCount }, inTime),
    async clipboardRead() {
      return (await link.call('clipboardRead', {}, inTime)).text;
    },
    async clipboardWrite(call) {
      await link.call('clipboardWrite', call, inTime);
    },
    async readFile(path) {
      return Buffer.from((await link.call('readFile', { path }, inTime)).data, 'base64');
    },
    async writeFile({ data, ...call }) {
      if (data.length > linkLimits.fileBytes) {
        throw new WheelhouseError('too_large', `A file may have at most ${linkLimits.fileBytes} bytes.`);
      }
      await link.call('writeFile', { ...call, data: data.toString('base64') }, inTime);
    },
    onLost: (listener) => link.onLost(listener),
    close: () => link.close(),
  };
}
