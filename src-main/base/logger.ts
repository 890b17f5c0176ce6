import { pino, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

/** Names of fields that may carry secrets; pino cuts them wherever a log call puts them. */
const secretPaths = ['secret', 'token', 'authorization', 'ticket', 'password'].flatMap((name) => [name, `*.${name}`]);

/**
 * One JSON line an event. `destination` is a file (the app) or standard error (serve); never standard output,
 * which belongs to the command's answer. Every logger is a child that says its room and, where there is one, sessionId.
 */
export function createLogger(options: { level?: string; file?: string } = {}): Logger {
  const destination = pino.destination({ dest: options.file ?? 2, mkdir: true, sync: false });
  return pino(
    { level: options.level ?? 'info', redact: { paths: secretPaths, censor: '[cut]' }, base: undefined },
    destination,
  );
}

export const silentLogger: Logger = pino({ level: 'silent' });
