import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Handback, Rewound } from '@shared/control';
import { WheelhouseError } from '../base/errors';
import { undone } from '../checkpoints/words';
import { span } from './controlWords';
import { failureText } from './failure';
import type { Content, ToolAnswer } from './tool';

/** What goes with an answer whatever the tool: a hand-back that the agent has not heard of, and a session made for it. */
export interface Beside {
  handback?: Handback | null;
  notice?: string;
  /** Its desktop is another one since the last answer, in words. */
  renewed?: string | null;
  session?: Record<string, unknown>;
}

/** JSON-RPC message 4 MiB, less its frame. */
const pictureLimit = 4 * 1024 * 1024 - 64 * 1024;

/** Frames are hashes of pictures that an agent can't fetch; the rest is told. */
function handbackData(told: Handback): Record<string, unknown> {
  const { by, note, heldMs, at, windowsOpened, windowsClosed, rewoundTo } = told;
  return { by, note, heldMs, at, windowsOpened, windowsClosed, ...(rewoundTo && { rewoundTo }) };
}

/** What the agent must hear first: its own work is gone. */
const rewindText = (by: string, to: Rewound): string =>
  `${by} put this desktop back to checkpoint “${to.name}” of ${to.at}: ${undone(to)}. Files, windows, programs and memory are as they were then. `;

function handbackText({ by, note, heldMs, windowsOpened, windowsClosed, rewoundTo }: Handback): string {
  const titles = (verb: string, list: string[]) => (list.length === 0 ? '' : ` ${verb}: ${JSON.stringify(list)}.`);
  return (
    (rewoundTo ? rewindText(by, rewoundTo) : '') +
    `${by} held control for ${span(heldMs)} and has handed back${note ? ` with this note: “${note}”${/[.!?…]$/.test(note) ? '' : '.'}` : ' without a note.'}` +
    titles('Windows opened meanwhile', windowsOpened) +
    titles('Windows closed meanwhile', windowsClosed) +
    ' Your earlier observations are stale: take a fresh screenshot before you go on.'
  );
}

function assemble(
  content: Content[],
  structured: Record<string, unknown>,
  beside: Beside,
  isError: boolean,
): CallToolResult {
  if (beside.notice) content.push({ type: 'text', text: beside.notice });
  if (beside.renewed) content.push({ type: 'text', text: beside.renewed });
  if (beside.handback) content.push({ type: 'text', text: handbackText(beside.handback) });
  return {
    content,
    structuredContent: {
      ...structured,
      ...(beside.session && { session: beside.session }),
      ...(beside.renewed && { resumed: true }),
      ...(beside.handback && { handback: handbackData(beside.handback) }),
    },
    ...(isError && { isError: true }),
  };
}

export function success(answer: ToolAnswer, beside: Beside = {}): CallToolResult {
  if (!answer.picture) {
    return assemble(
      [{ type: 'text', text: answer.text ?? JSON.stringify(answer.structured) }],
      answer.structured,
      beside,
      false,
    );
  }
  const data = answer.picture.toString('base64');
  if (data.length > pictureLimit) {
    return failure(
      new WheelhouseError(
        'too_large',
        'The picture is larger than 4 MB. Ask for a part of the screen with x, y, width and height.',
      ),
      beside,
    );
  }
  return assemble([{ type: 'image', data, mimeType: 'image/png' }], answer.structured, beside, false);
}

/** A refusal or failure as the agent reads it. Data of unknown errors stays inside. */
export function failure(error: WheelhouseError, beside: Beside = {}): CallToolResult {
  const data = error.code === 'internal' ? {} : error.data;
  return assemble(
    [{ type: 'text', text: failureText(error) }],
    { ...data, code: error.code, message: error.message },
    beside,
    true,
  );
}
