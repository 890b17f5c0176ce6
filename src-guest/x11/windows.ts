import { readFileSync } from 'node:fs';
import type { LinkResult } from '@shared/link';
import { GuestError } from '../guestError';
import type { XConnection } from './connection';
import { getProperty, getWords } from './properties';
import { eventCode, opcode, request, shorts, word } from './wire';

type GuestWindow = LinkResult<'listWindows'>[number];
interface Found extends GuestWindow {
  id: number;
}

/** Milliseconds for the window manager to follow. */
const followMs = 2_000;
const most = 256;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * The session's windows as the window manager tells them (freedesktop.org, Extended Window Manager Hints 1.5). Titles
 * and names are what programs say of themselves: text, nothing more. Panels and the desktop itself are left out.
 */
export class Windows {
  constructor(private readonly x: () => Promise<XConnection>) {}

  async list(): Promise<GuestWindow[]> {
    const found = await this.find(await this.x());
    return found.map(({ id: _, ...window }) => window);
  }

  /** Brings the window whose title contains `title` to the front. Throws not_found, guest_timeout. */
  async activate(title: string): Promise<GuestWindow> {
    const x = await this.x();
    const found = await this.match(x, title);
    const fromPager = 2;
    await this.tell(x, found.id, '_NET_ACTIVE_WINDOW', [fromPager, 0, 0]);
    const active = await this.until(async () => (await getWords(x, x.root, '_NET_ACTIVE_WINDOW'))[0] === found.id);
    if (!active) throw new GuestError('guest_timeout', `The window "${found.title}" did not come to the front.`);
    const { id: _, ...window } = (await this.describe(x, found.id)) ?? found;
    return window;
  }

  /** Asks the window to close; `closed` false: it is still there (it may be asking something). Throws not_found. */
  async close(title: string): Promise<LinkResult<'closeWindow'>> {
    const x = await this.x();
    const found = await this.match(x, title);
    await this.tell(x, found.id, '_NET_CLOSE_WINDOW', [0, 2, 0]);
    const closed = await this.until(async () => !(await getWords(x, x.root, '_NET_CLIENT_LIST')).includes(found.id));
    return { matchedTitle: found.title, processName: found.processName, closed };
  }

  private async until(reached: () => Promise<boolean>): Promise<boolean> {
    for (const giveUpAt = performance.now() + followMs; performance.now() < giveUpAt; await pause(5)) {
      if (await reached()) return true;
    }
    return false;
  }

  /** Whole titles before parts of them, front windows before those behind. */
  private async match(x: XConnection, title: string): Promise<Found> {
    const wanted = title.toLowerCase();
    const stacking = await getWords(x, x.root, '_NET_CLIENT_LIST_STACKING');
    const windows = (await this.find(x)).sort((a, b) => stacking.indexOf(b.id) - stacking.indexOf(a.id));
    const found =
      windows.find((window) => window.title.toLowerCase() === wanted) ??
      windows.find((window) => window.title.toLowerCase().includes(wanted));
    if (found) return found;
    const open = windows.map((window) => `"${window.title}"`).slice(0, 20);
    throw new GuestError('not_found', `No window's title contains "${title}". Open: ${open.join(', ') || 'none'}.`);
  }

  private async find(x: XConnection): Promise<Found[]> {
    const ids = (await getWords(x, x.root, '_NET_CLIENT_LIST')).slice(0, most);
    const windows = await Promise.all(ids.map((id) => this.describe(x, id)));
    return windows.filter((window) => window !== null);
  }

  /** Null for a panel or a desktop, and for a window that went away meanwhile. */
  private async describe(x: XConnection, id: number): Promise<Found | null> {
    try {
      const [kinds, dock, desktop, title, pid, geometry, place] = await Promise.all([
        getWords(x, id, '_NET_WM_WINDOW_TYPE'),
        x.atom('_NET_WM_WINDOW_TYPE_DOCK'),
        x.atom('_NET_WM_WINDOW_TYPE_DESKTOP'),
        this.title(x, id),
        getWords(x, id, '_NET_WM_PID'),
        x.ask(request(opcode.getGeometry, 0, id)),
        x.ask(request(opcode.translateCoordinates, 0, id, x.root, shorts(0, 0))),
      ]);
      if (kinds.includes(dock) || kinds.includes(desktop)) return null;
      return {
        id,
        title: title.slice(0, 1024),
        processName: processName(pid[0] ?? 0),
        handle: `0x${id.toString(16)}`,
        x: place.readInt16LE(12),
        y: place.readInt16LE(14),
        width: geometry.readUInt16LE(16),
        height: geometry.readUInt16LE(18),
      };
    } catch {
      if (x.closed) throw new GuestError('guest_failed', 'The X server has ended.');
      return null;
    }
  }

  private async title(x: XConnection, id: number): Promise<string> {
    const modern = await getProperty(x, id, await x.atom('_NET_WM_NAME'), 4096);
    if (modern) return modern.data.toString('utf8');
    const old = await getProperty(x, id, await x.atom('WM_NAME'), 4096);
    return old?.data.toString('latin1') ?? '';
  }

  private async tell(x: XConnection, id: number, message: string, data: number[]): Promise<void> {
    const event = Buffer.alloc(32);
    event.writeUInt8(eventCode.clientMessage, 0);
    event.writeUInt8(32, 1);
    word(id).copy(event, 4);
    word(await x.atom(message)).copy(event, 8);
    data.forEach((value, index) => word(value).copy(event, 12 + index * 4));
    const toWindowManager = 0x18_0000;
    x.send(request(opcode.sendEvent, 0, x.root, toWindowManager, event));
  }
}

function processName(pid: number): string {
  if (pid <= 0) return '';
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim().slice(0, 256);
  } catch {
    return '';
  }
}
