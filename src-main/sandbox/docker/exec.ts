import type { Container } from 'dockerode';
import type { Readable } from 'node:stream';
import { bounded } from '../../base/bounded';
import { WheelhouseError } from '../../base/errors';
import type { SandboxBackend } from '../backend';
import { engineMs, type Engine } from './engine';

type Ran = Awaited<ReturnType<NonNullable<SandboxBackend['exec']>>>;

/** Milliseconds between asking a command that takes too long to end and ending it. */
const killSeconds = 1;
/** From the command's own end to the engine's word of it. */
const answerMs = 5_000;
/** What timeout(1) answers for a command that it ended. */
const timedOutCodes = [124, 137];

/**
 * One command in a container as one of its users. It ends at its time limit inside, so also when nobody waits for it any
 * more; what it put into a session of its own is out of that reach. Throws guest_failed, guest_timeout.
 */
export async function execIn(
  engine: Engine,
  container: Container,
  call: { command: readonly string[]; user: string; folder: string; timeoutMs: number; maxBytes: number },
  signal: AbortSignal,
): Promise<Ran> {
  const limit = ['/usr/bin/timeout', `--kill-after=${killSeconds}`, String(call.timeoutMs / 1000)];
  const exec = await engine.run('prepare the command', signal, (_, abortSignal) =>
    container.exec({
      Cmd: [...limit, ...call.command],
      User: call.user,
      WorkingDir: call.folder,
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      abortSignal,
    }),
  );
  const startedAt = performance.now();
  const tooLong = (): WheelhouseError =>
    new WheelhouseError('guest_timeout', `The command took longer than ${call.timeoutMs} ms.`);
  const stream = (await engine.run('start the command', signal, (_, abortSignal) =>
    exec.start({ Detach: false, Tty: false, abortSignal } as Parameters<typeof exec.start>[0]),
  )) as unknown as Readable;
  try {
    const ms = call.timeoutMs + killSeconds * 1000 + answerMs;
    const { output, truncated } = await bounded(
      'The command',
      ms,
      signal,
      (own) => collect(stream, call.maxBytes, own),
      'guest_timeout',
    );
    const { ExitCode: exitCode } = await engine.run('say how the command ended', signal, () => exec.inspect());
    const late = performance.now() - startedAt >= call.timeoutMs;
    if (late && timedOutCodes.includes(exitCode ?? -1)) throw tooLong();
    return { output, exitCode, truncated };
  } finally {
    stream.destroy();
  }
}

/**
 * The text of a stream of frames (Engine API, attach: an 8-byte header with stream and length), both streams in one, cut
 * at a whole character. What is too much is read and dropped, so that the command is not held up.
 */
async function collect(
  stream: Readable,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ output: string; truncated: boolean }> {
  const kept: Buffer[] = [];
  let size = 0;
  let truncated = false;
  let header = Buffer.alloc(0);
  let left = 0;
  signal.addEventListener('abort', () => stream.destroy(signal.reason as Error), { once: true });
  for await (const chunk of stream) {
    for (let data = chunk as Buffer; data.length > 0;) {
      if (left === 0) {
        const rest = 8 - header.length;
        header = Buffer.concat([header, data.subarray(0, rest)]);
        data = data.subarray(rest);
        if (header.length < 8) break;
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const part = data.subarray(0, left);
      const room = Math.max(0, maxBytes - size);
      if (part.length > room) truncated = true;
      if (room > 0) kept.push(Buffer.from(part.subarray(0, room)));
      size += Math.min(part.length, room);
      left -= part.length;
      data = data.subarray(part.length);
    }
  }
  const bytes = Buffer.concat(kept);
  // The decoder holds back a character that the cut went through.
  return { output: new TextDecoder().decode(bytes, { stream: truncated }), truncated };
}

/** What a folder holds on disk, in bytes; null when du(1) said nothing that can be believed. */
export function diskUsage(output: string): number | null {
  const kibibytes = /^(\d+)\s/m.exec(output)?.[1];
  const bytes = Number(kibibytes ?? NaN) * 1024;
  // Whoever runs as the same user can write into what du(1) says.
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** du(1): on this file system alone, links counted once. */
export const measureCommand = (folder: string): string[] => ['/usr/bin/du', '-skx', folder];
export const measureMs = engineMs.quick;
