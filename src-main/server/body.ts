import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { WheelhouseError } from '../base/errors';

/** Reads a request's body, at most `limit` bytes; too_large past that, by its own word or by count. */
export async function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new WheelhouseError('too_large', `The body is larger than ${limit} bytes.`, { limit });
  if (incoming.headers['content-encoding'] !== undefined && incoming.headers['content-encoding'] !== 'identity') {
    throw new WheelhouseError('unsupported_media', 'Compressed bodies are not accepted.');
  }
  if (Number(incoming.headers['content-length'] ?? 0) > limit) throw tooLarge();
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const settle = (run: () => void) => {
      incoming.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      run();
    };
    const onData = (part: Buffer) => {
      size += part.length;
      if (size > limit) settle(() => (incoming.pause(), reject(tooLarge())));
      else parts.push(part);
    };
    const onEnd = () => settle(() => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts, size)));
    const onClose = () => settle(() => reject(new WheelhouseError('bad_request', 'The request ended early.')));
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

/** The deepest nesting of brackets outside strings, found without parsing. Stops counting past `cap`. */
export function jsonDepth(text: Buffer, cap: number): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i];
    if (quoted) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) quoted = false;
    } else if (byte === 0x22) quoted = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > deepest && (deepest = depth) > cap) return deepest;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}

/** unsupported_media unless the body says that it is JSON. */
export const requireJson = (incoming: IncomingMessage): void => requireType(incoming, 'application/json');

/** The same of another type; none that a page of the web could send unasked. */
export function requireType(incoming: IncomingMessage, wanted: string): void {
  const type = incoming.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== wanted) throw new WheelhouseError('unsupported_media', `Send the body as Content-Type: ${wanted}.`);
}

/** bad_request when it is not UTF-8. */
export function decodeText(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw new WheelhouseError('bad_request', 'The body is not UTF-8 text.', {}, { cause: error });
  }
}

export function requireDepth(text: Buffer, cap: number): void {
  if (jsonDepth(text, cap) > cap)
    throw new WheelhouseError('bad_request', `JSON nested deeper than ${cap} is refused.`);
}

export function parseJson(text: Buffer, depth: number): unknown {
  requireDepth(text, depth);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text)) as unknown;
  } catch (error) {
    throw new WheelhouseError('bad_request', 'The body is not valid JSON.', {}, { cause: error });
  }
}

/** Runs a schema over what came from outside; bad_request names each field that does not fit. */
export function validated<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const details = result.error.issues.slice(0, 20).map((issue) => ({
    path: [what, ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
  throw new WheelhouseError('bad_request', `The ${what} is not as expected: ${details[0]?.message ?? 'unknown'}.`, {
    details,
  });
}
