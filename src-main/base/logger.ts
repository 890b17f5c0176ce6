import { pino, type Logger as PinoLogger } from 'pino';
import { rotate, rotation } from './rotation';

export type Logger = PinoLogger;

/** Names of fields that may carry secrets; pino cuts them wherever a log call puts them. */
const secretPaths = ['secret', 'token', 'authorization', 'ticket', 'password'].flatMap((name) => [name, `*.${name}`]);

/** Characters that wait for a disk that takes none. */
const mostUnwritten = 4 * 1024 ** 2;

/**
 * One JSON line an event. `destination` is a file (the app) or standard error (serve); never standard output,
 * which belongs to the command's answer. A file is bounded: it is set aside when it has grown (rotation.ts). Every logger is a child that says its room and, where there is one, sessionId.
 */
export function createLogger(options: { level?: string; file?: string } = {}): Logger {
  const { file } = options;
  if (file !== undefined) rotate(file);
  const destination = pino.destination({ dest: file ?? 2, mkdir: true, sync: false, maxLength: mostUnwritten });
  // A full disk takes no lines; they are held up to the bound, then dropped. It must not end the program.
  destination.on('error', () => {});
  if (file !== undefined) setInterval(() => rotate(file) && destination.reopen(), rotation.everyMs).unref();
  return pino(
    { level: options.level ?? 'info', redact: { paths: secretPaths, censor: '[cut]' }, base: undefined },
    destination,
  );
}

export const silentLogger: Logger = pino({ level: 'silent' });
