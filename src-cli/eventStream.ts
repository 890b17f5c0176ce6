export interface StreamMessage {
  id: string | undefined;
  event: string;
  data: unknown;
}

/** Reads server-sent events (WHATWG HTML, 9.2) whose data is one line of JSON, as our server writes them. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamMessage> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(part, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const message = parse(block);
      if (message) yield message;
    }
  }
}

function parse(block: string): StreamMessage | null {
  const found = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) found.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''));
  }
  const data = found.get('data');
  if (data === undefined) return null;
  try {
    return { id: found.get('id'), event: found.get('event') ?? 'message', data: JSON.parse(data) as unknown };
  } catch {
    return null;
  }
}
