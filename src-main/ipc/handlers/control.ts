import { WheelhouseError } from '../../base/errors';
import { within } from '../../base/deadline';
import type { Handlers } from '../router';
import type { Rooms, Shell } from '../rooms';

/** Characters that cross between a person's clipboard and a guest's at one press. */
export const clipboardLimit = 262_144;

export function controlHandlers({ control, broker, timeline, operator }: Rooms, shell: Shell) {
  const mustHold = (sessionId: string) => {
    if (control.holds(sessionId, operator.name)) return control.state(sessionId).epoch;
    throw new WheelhouseError(
      'control_held',
      'Take control first: the clipboard is yours to move only while you hold it.',
      {
        holder: control.state(sessionId).holder,
      },
    );
  };
  const note = (sessionId: string, epoch: number, tool: string, words: string, characters: number) =>
    timeline.note(
      {
        sessionId,
        actor: { kind: 'human', name: operator.name },
        epoch,
        tool,
        arguments: { characters },
        words,
        point: null,
      },
      { outcome: 'done' },
    );

  return {
    'control.act': ({ sessionId, request }) => control.act(sessionId, operator, request),
    'control.stopAll': async () => ({ sessions: await control.stopAll(operator) }),
    'control.resumeAll': async () => ({ sessions: await control.resumeAll(operator) }),
    'control.sendClipboard': async ({ sessionId }) => {
      const epoch = mustHold(sessionId);
      const text = await shell.readClipboard();
      if (text.length > clipboardLimit) {
        throw new WheelhouseError(
          'too_large',
          `The clipboard holds ${text.length} characters; ${clipboardLimit} can be sent at once.`,
        );
      }
      const { guest } = await broker.connect(sessionId);
      await within(guest.clipboardWrite({ epoch, text }), 5_000, 'Sending the clipboard', 'guest_timeout');
      note(sessionId, epoch, 'control.clipboard_send', `Sent the clipboard, ${text.length} characters`, text.length);
      return { characters: text.length };
    },
    'control.fetchClipboard': async ({ sessionId }) => {
      const epoch = mustHold(sessionId);
      const { guest } = await broker.connect(sessionId);
      const text = (await within(guest.clipboardRead(), 5_000, 'Fetching the clipboard', 'guest_timeout')).slice(
        0,
        clipboardLimit,
      );
      await shell.copyText(text);
      note(
        sessionId,
        epoch,
        'control.clipboard_fetch',
        `Fetched the clipboard, ${text.length} characters`,
        text.length,
      );
      return { characters: text.length };
    },
  } satisfies Partial<Handlers>;
}
