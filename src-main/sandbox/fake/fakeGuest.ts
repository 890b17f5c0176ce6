import { createServer } from 'node:net';
import { posix } from 'node:path';
import { rmSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { LinkArgs, LinkResult } from '@shared/link';
import type { CallHandlers } from '../../../src-guest/callDispatch';
import { EpochFence } from '../../../src-guest/epochFence';
import { GuestError } from '../../../src-guest/guestError';
import { linkCrypto } from '../../../src-guest/linkCrypto';
import { LinkServer } from '../../../src-guest/linkServer';
import { Emitter } from '../../base/emitter';
import type { MachineSpec } from '../backend';
import { duplexPair } from './duplexPair';
import { FakeFiles, homeFolder, isHome } from './fakeFiles';
import { FakeShell } from './fakeShell';
import type { GuestState } from './guestState';
import { createFakeRfbServer, type FakeRfbServer } from './rfbServer';

/**
 * What a fake guest does wrong. `dies` counts from its start; `hangs` answers the handshake and then nothing; `marked` is
 * said to be new and bears somebody's mark; `diskFull` has no room left; `unsettled` never answers `settle`.
 */
export type GuestFault =
  | { kind: 'none' }
  | { kind: 'marked'; mark: string }
  | { kind: 'diskFull' }
  | { kind: 'unsettled' }
  | { kind: 'silent' }
  | { kind: 'rubbish' }
  | { kind: 'wrongIdentity' }
  | { kind: 'hangs' }
  | { kind: 'dies'; afterMs: number };

const roomyBytes = 10 * 1024 ** 3;

/** One in-process machine: the real server of the link over a real socket, with a small world behind it. */
export class FakeGuest {
  readonly shell: FakeShell;
  readonly rfb: FakeRfbServer;
  readonly fence = new EpochFence();
  readonly bootId: string;
  windows: LinkResult<'listWindows'> = [];
  clipboard = '';
  launched: LinkArgs<'launch'>[] = [];
  commands: LinkArgs<'exec'>[] = [];
  sessionReady = false;
  /** What `health` says; a test may change it at any time. */
  disk = { freeBytes: roomyBytes, homeFreeBytes: roomyBytes };
  mark: string | null = null;
  /** Nothing of the session runs any more. */
  settled = false;
  private thaw = new Emitter<void>();
  private cold = false;
  private readonly closers: (() => void)[] = [];

  constructor(
    readonly spec: MachineSpec,
    private readonly fault: GuestFault,
    /** Goes on from there; its screen has the saved size. */
    from?: GuestState,
    files = new FakeFiles(),
  ) {
    this.shell = new FakeShell(files);
    this.bootId = linkCrypto.nonce();
    this.frozen = fault.kind === 'hangs';
    if (fault.kind === 'marked') this.mark = fault.mark;
    if (fault.kind === 'diskFull') this.disk = { freeBytes: 0, homeFreeBytes: 0 };
    const size = from?.screen ?? spec.size;
    this.rfb = createFakeRfbServer({ width: size.width, height: size.height });
    // A picture that is not blank, as a desktop's is.
    if (from) this.restore(from);
    else this.rfb.paint({ x: 0, y: 0, width: spec.size.width, height: spec.size.height - 30 }, [78, 102, 112, 255]);
  }

  /** While true calls are taken and not answered, as in a frozen machine; they are answered when it ends. */
  set frozen(frozen: boolean) {
    this.cold = frozen;
    if (!frozen) this.thaw.emit();
  }

  /** The state of this instant. */
  snapshot(): GuestState {
    const { width, height } = this.rfb.size;
    return {
      files: new Map(this.shell.files),
      windows: [...this.windows],
      clipboard: this.clipboard,
      mark: this.mark,
      screen: { width, height, pixels: this.rfb.read({ x: 0, y: 0, width, height }) },
    };
  }

  private restore({ files, windows, clipboard, mark, screen }: GuestState): void {
    // A home that was taken back is as it was then, whatever it is by now.
    for (const path of [...this.shell.files.keys()]) this.shell.files.delete(path);
    for (const [path, data] of files) this.shell.files.set(path, data);
    this.windows = windows;
    this.clipboard = clipboard;
    this.mark = mark;
    this.rfb.paint({ x: 0, y: 0, width: screen.width, height: screen.height }, screen.pixels);
  }

  /** Without an agent: only the screen, on a socket of its own. */
  async startScreen(socketPath: string): Promise<void> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      this.rfb.accept(socket);
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve));
    this.closers.push(() => void server.close());
  }

  async start(socketPath: string): Promise<void> {
    rmSync(socketPath, { force: true });
    if (this.fault.kind === 'silent' || this.fault.kind === 'rubbish') return this.startBroken(socketPath);
    const server = new LinkServer({
      machineId: this.spec.machineId,
      secret: this.fault.kind === 'wrongIdentity' ? linkCrypto.nonce() : this.spec.secret,
      bootId: this.bootId,
      crypto: linkCrypto,
      fence: this.fence,
      handlers: this.handlers(),
      openRfb: async () => this.openScreen(),
    });
    await server.listen(socketPath);
    this.closers.push(() => server.close());
  }

  stop(): void {
    for (const close of this.closers.splice(0)) close();
    this.rfb.close();
  }

  private async startBroken(socketPath: string): Promise<void> {
    const sockets = new Set<Duplex>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      if (this.fault.kind === 'rubbish') socket.write('HTTP/1.1 200 OK\r\n\r\n<html>not a machine</html>');
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve));
    this.closers.push(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
  }

  private openScreen(): Duplex {
    const [near, far] = duplexPair();
    this.rfb.accept(far);
    return near;
  }

  private handlers(): CallHandlers {
    const thawed = async <T>(value: () => T | Promise<T>, signal?: AbortSignal): Promise<T> => {
      if (this.cold) {
        await new Promise<void>((resolve, reject) => {
          const stop = this.thaw.on(() => (stop(), resolve()));
          signal?.addEventListener('abort', () => (stop(), reject(signal.reason)), { once: true });
        });
      }
      return value();
    };
    /** What the session's supervisor does; it does nothing more once it has settled. */
    const alive = <T>(value: () => T | Promise<T>, signal?: AbortSignal): Promise<T> =>
      thawed(() => {
        if (this.settled) throw new GuestError('guest_failed', 'The session has ended: it was settled.');
        return value();
      }, signal);
    return {
      health: (_, signal) =>
        thawed(
          () => ({
            machineId: this.spec.machineId,
            bootId: this.bootId,
            epoch: this.fence.epoch,
            screenReady: true,
            sessionReady: this.sessionReady,
            disk: this.disk,
            mark: this.mark,
          }),
          signal,
        ),
      mark: ({ mark }, signal) =>
        thawed(() => {
          this.mark = mark;
          return {};
        }, signal),
      settle: (_, signal) =>
        thawed(async () => {
          if (this.fault.kind === 'unsettled')
            await new Promise((_resolve, reject) => signal.addEventListener('abort', reject));
          const ended = this.settled ? 0 : this.windows.length;
          this.settled = true;
          this.sessionReady = false;
          this.windows = [];
          return { ended, killed: 0 };
        }, signal),
      setEpoch: ({ epoch }, signal) =>
        thawed(async () => {
          await this.fence.raise(epoch);
          return {};
        }, signal),
      exec: (args, signal) =>
        alive(() => {
          this.commands.push(args);
          return this.shell.run(args.command, args.cwd ?? homeFolder, args.timeoutMs, signal);
        }, signal),
      listWindows: (_, signal) => alive(() => this.windows, signal),
      activateWindow: ({ title }, signal) => alive(() => this.window(title), signal),
      closeWindow: ({ title }, signal) =>
        alive(() => {
          const found = this.window(title);
          this.windows = this.windows.filter((window) => window !== found);
          return { matchedTitle: found.title, processName: found.processName, closed: true };
        }, signal),
      launch: (args, signal) =>
        alive(() => {
          this.launched.push(args);
          const pid = 1000 + this.launched.length;
          const processName = posix.basename(args.path);
          this.windows = [
            ...this.windows,
            { title: processName, processName, handle: `0x${pid.toString(16)}`, x: 40, y: 40, width: 640, height: 480 },
          ];
          return { path: args.path.startsWith('/') ? args.path : `/usr/bin/${args.path}`, pid };
        }, signal),
      listProcesses: ({ maxCount }, signal) =>
        alive(() => [{ pid: 1, name: 'tini', memoryBytes: 1_048_576 }].slice(0, maxCount), signal),
      clipboardRead: (_, signal) => alive(() => ({ text: this.clipboard }), signal),
      clipboardWrite: ({ text }, signal) =>
        alive(() => {
          this.clipboard = text;
          return {};
        }, signal),
      readFile: ({ path }, signal) =>
        alive(() => {
          const data = this.shell.files.get(this.inside(path));
          if (!data) throw new GuestError('not_found', `${path} does not exist.`);
          return { data: data.toString('base64') };
        }, signal),
      writeFile: ({ path, data }, signal) =>
        alive(() => {
          const place = this.inside(path);
          const room = isHome(place) ? this.disk.homeFreeBytes : this.disk.freeBytes;
          if (room === 0) throw new GuestError('guest_failed', `${path}: ENOSPC: no space left on device, write`);
          this.shell.files.set(place, Buffer.from(data, 'base64'));
          return {};
        }, signal),
    };
  }

  private window(title: string): LinkResult<'activateWindow'> {
    const found = this.windows.find((window) => window.title.toLowerCase().includes(title.toLowerCase()));
    if (!found) throw new GuestError('not_found', `No window's title contains "${title}".`);
    return found;
  }

  private inside(path: string): string {
    const full = posix.resolve(homeFolder, path);
    if (!full.startsWith(`${homeFolder}/`) && !full.startsWith('/tmp/')) {
      throw new GuestError('bad_request', `${path} is outside ${homeFolder} and /tmp.`);
    }
    return full;
  }
}
