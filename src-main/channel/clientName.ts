import { plain } from './words';

const envelopeKey = 'io.modelcontextprotocol/clientInfo';

const record = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;

/**
 * How the client names itself, in either era: `initialize`'s clientInfo, or the one in a request's `_meta`. Untrusted
 * text: one line, at most 60 characters, nothing that changes direction or hides. Null when it does not say.
 */
export function clientNameOf(message: unknown): string | null {
  const request = record(message);
  const params = record(request?.['params']);
  const info = record(
    request?.['method'] === 'initialize' ? params?.['clientInfo'] : record(params?.['_meta'])?.[envelopeKey],
  );
  const name = [info?.['title'], info?.['name']].find(
    (text): text is string => typeof text === 'string' && text.trim() !== '',
  );
  return name ? plain(name.slice(0, 500)) || null : null;
}
