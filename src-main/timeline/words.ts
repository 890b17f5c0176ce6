import { maskText } from './mask';

type Args = Record<string, unknown>;

const maxTarget = 60;
const maxCommand = 80;

/** One line of foreign text, harmless inside our marks: secrets masked first, then control signs out, then shortened. */
export function plain(value: unknown, limit = maxTarget): string {
  const text = maskText(typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value))
    // control characters, and those that turn the direction of the text or take no room
    .replace(/[\p{Cc}\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]+/gu, ' ')
    .replace(/\*{2,}/g, '*')
    .replaceAll('`', "'")
    .replace(/\s+/g, ' ')
    .trim();
  const letters = [...text];
  return letters.length > limit ? `${letters.slice(0, limit - 1).join('')}…` : text;
}

const target = (value: unknown): string => `**${plain(value) || '(nothing)'}**`;
const number = (value: unknown): string =>
  typeof value === 'number' && Number.isFinite(value) ? String(Math.round(value)) : '?';
const spot = (x: unknown, y: unknown): string => `**${number(x)}, ${number(y)}**`;
const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
const length = (value: unknown): number => (typeof value === 'string' ? [...value].length : 0);
const seconds = (ms: unknown): string => {
  const value = typeof ms === 'number' && Number.isFinite(ms) ? ms : 0;
  return value < 1000 ? `${Math.round(value)} ms` : `${Math.round(value / 100) / 10} s`;
};

const keyNames: Record<string, string> = { esc: 'Esc', pageup: 'Page up', pagedown: 'Page down', win: 'Super' };
const keyName = (key: unknown): string => {
  const name = plain(key, 24);
  return keyNames[name.toLowerCase()] ?? name.charAt(0).toUpperCase() + name.slice(1);
};

function clicked({ x, y, button, clickCount }: Args): string {
  const times = clickCount === 2 ? 'Double-clicked' : clickCount === 3 ? 'Triple-clicked' : 'Clicked';
  const which =
    typeof button === 'string' && button !== 'Left' ? ` with the ${plain(button, 12).toLowerCase()} button` : '';
  const where = typeof x === 'number' ? ` at ${spot(x, y)}` : ' where the pointer was';
  return `${times}${where}${which}`;
}

function scrolled({ x, y, deltaX, deltaY }: Args): string {
  const part = (delta: unknown, more: string, less: string) =>
    typeof delta === 'number' && delta !== 0 ? [`${delta > 0 ? more : less} ${Math.abs(Math.round(delta))}`] : [];
  const ways = [...part(deltaY, 'down', 'up'), ...part(deltaX, 'right', 'left')];
  return `Scrolled ${ways.join(' and ') || 'nowhere'} at ${spot(x, y)}`;
}

function typed({ text }: Args): string {
  const shown = plain(text);
  return shown ? `Typed **${shown}**` : `Typed ${count(length(text), 'character')}`;
}

const fileName = (path: unknown): string => plain(path).split('/').at(-1) || plain(path);
const command = (text: unknown): string => `\`${plain(text, maxCommand) || ' '}\``;

const sentences: Record<string, (args: Args) => string> = {
  move_mouse: ({ x, y }) => `Moved the pointer to ${spot(x, y)}`,
  click: clicked,
  drag_mouse: ({ startX, startY, endX, endY }) => `Dragged from ${spot(startX, startY)} to ${spot(endX, endY)}`,
  scroll: scrolled,
  type_text: typed,
  press_keys: ({ keys }) =>
    `Pressed **${(Array.isArray(keys) ? keys : []).slice(0, 8).map(keyName).join(' + ') || '?'}**`,
  get_cursor_position: () => 'Asked where the pointer is',
  get_screen_size: () => 'Asked for the size of the screen',
  take_screenshot: ({ width, height }) =>
    typeof width === 'number' ? `Looked at ${number(width)} × ${number(height)} of the screen` : 'Looked at the screen',
  zoom_region: ({ x, y }) => `Looked closely at ${spot(x, y)}`,
  wait_milliseconds: ({ ms }) => `Waited ${seconds(ms)}`,
  list_windows: () => 'Listed the windows',
  activate_window: ({ title }) => `Brought ${target(title)} to the front`,
  close_window: ({ title }) => `Closed ${target(title)}`,
  resize_window: ({ title, action }) => `Changed ${target(title)}: ${plain(action, 12).toLowerCase() || 'size'}`,
  launch_application: ({ path }) => `Started ${target(fileName(path))}`,
  execute_shell_command: (args) => `Ran ${command(args.command)}`,
  execute_python_code: ({ code }) => `Ran Python ${command(code)}`,
  clipboard_read: () => 'Read the clipboard',
  clipboard_write: ({ text }) => `Put ${count(length(text), 'character')} on the clipboard`,
  list_processes: () => 'Listed the processes',
  kill_process: ({ pid }) => `Ended process **${number(pid)}**`,
  get_system_info: () => 'Asked about the system',
  request_human: ({ why, reason }) => `Asked for a person: ${target(why ?? reason)}`,
  await_control: () => 'Waited for the hand-back',
  get_control: () => 'Asked who holds control',
  report_progress: ({ message, text }) => `Reported ${target(message ?? text)}`,
  file_upload: ({ path }) => `Wrote the file ${target(path)}`,
  file_download: ({ path }) => `Read the file ${target(path)}`,
  start_session: ({ pool, poolId }) =>
    (pool ?? poolId) ? `Started a session from ${target(pool ?? poolId)}` : 'Started a session',
  end_session: () => 'Ended the session',
};

/**
 * What a tool call did, as one sentence for the timeline: past tense, the target between ** marks, commands between
 * backticks, no full stop. Secrets in the arguments are masked; foreign text can neither break the marks nor the line.
 * A tool that is not known is named.
 */
export function wordsFor(tool: string, args: Args): string {
  const sentence = Object.hasOwn(sentences, tool) ? sentences[tool] : undefined;
  return sentence ? sentence(args) : `Called ${target(tool)}`;
}
