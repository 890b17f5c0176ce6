import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { LineCutter } from './qmpMessages';

/** Bytes of one file of the log; one older one is kept beside it. */
const fileBytes = 512 * 1024;
const lineBytes = 8 * 1024;
/** Bytes that are read of it in a while of so many milliseconds: a boot says less, and a guest that never stops waits. */
const whileBytes = 64 * 1024;
const whileMs = 1_000;

/** What a line of the serial console says of the end of its kernel, or null. */
export const panicIn = (line: string): string | null =>
  /Kernel panic - not syncing: (.{1,200})/.exec(line)?.[1] ?? null;

/** A line without anything that a terminal or a log would act upon. */
export const printable = (line: string): string => line.replaceAll(/\p{C}/gu, ' ').trimEnd().slice(0, 2000);

/**
 * Reads a machine's serial console from its socket and keeps it in a file of bounded length: what the machine says is
 * the machine's own, and QEMU's file would grow as long as it talks.
 */
export class ConsoleLog {
  private readonly socket: Socket;
  private readonly cutter = new LineCutter(lineBytes, true);
  private readInWhile = 0;
  private readonly pace: NodeJS.Timeout;
  /** The kernel's last words, when it panicked. */
  panic: string | null = null;

  constructor(
    socketPath: string,
    private readonly file: string,
    private readonly onPanic: (words: string) => void,
    everyMs = whileMs,
  ) {
    this.socket = connect(socketPath);
    this.socket.on('data', (chunk: Buffer) => this.take(chunk));
    this.socket.on('error', () => {});
    this.pace = setInterval(() => {
      this.readInWhile = 0;
      this.socket.resume();
    }, everyMs).unref();
    this.socket.on('close', () => clearInterval(this.pace));
  }
  close(): void {
    clearInterval(this.pace);
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.readInWhile += chunk.length;
    // What QEMU can't hand over meanwhile it drops, and the machine goes on.
    if (this.readInWhile > whileBytes) this.socket.pause();
    const lines = this.cutter.push(chunk);
    if (lines.length === 0) return;
    try {
      appendFileSync(this.file, lines.map((line) => `${printable(line)}\n`).join(''), { mode: 0o600 });
      if (statSync(this.file).size > fileBytes) renameSync(this.file, `${this.file}.1`);
    } catch {
      // The machine was destroyed meanwhile, or the disk is full: its log is the least of it.
    }
    for (const line of lines) {
      const words = panicIn(line);
      if (words === null || this.panic !== null) continue;
      this.panic = printable(words);
      this.onPanic(this.panic);
    }
  }
}

/** The last lines of a machine's log. */
export function lastLines(file: string, count: number): string[] {
  const read = (path: string): string[] => {
    try {
      return readFileSync(path, 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  };
  const lines = read(file);
  return (lines.length >= count ? lines : [...read(`${file}.1`), ...lines]).slice(-count);
}
