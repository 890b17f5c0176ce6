import { eventSchema, type WheelhouseEvent } from '@shared/event';
import { sleep } from '../src-main/base/deadline';
import { WheelhouseError } from '../src-main/base/errors';
import type { Client } from './client';
import { readEvents } from './eventStream';
import { jsonLine, plain, type Io } from './output';

const againAfterMs = 500;
/** How long a broker that went away may take to come back. */
const patienceMs = 60_000;
const mayPass = (error: unknown): boolean =>
  !(error instanceof WheelhouseError) || ['not_ready', 'unauthorized', 'too_many'].includes(error.code);

/** Prints events as they come, across broken connections, until aborted. Fails when the server refuses or is gone. */
export async function watch(
  client: Client,
  options: { sessionId: string | null; json: boolean; io: Io; signal: AbortSignal },
): Promise<void> {
  const { sessionId, json, io, signal } = options;
  let lastId: string | undefined;
  let heardAt: number | null = null;
  while (!signal.aborted) {
    try {
      const answer = await client.stream('/api/events', signal, lastId ? { 'last-event-id': lastId } : {});
      heardAt = performance.now();
      for await (const message of readEvents(answer.body!)) {
        lastId = message.id ?? lastId;
        heardAt = performance.now();
        const event = eventSchema.safeParse({ event: message.event, data: message.data });
        if (!event.success || (sessionId !== null && sessionOf(event.data) !== sessionId)) continue;
        io.out(json ? jsonLine({ id: message.id, ...event.data }) : `${words(event.data)}\n`);
      }
    } catch (error) {
      if (signal.aborted) return;
      const recently = heardAt !== null && performance.now() - heardAt < patienceMs;
      if (!recently || !mayPass(error)) throw error;
    }
    await sleep(againAfterMs, signal).catch(() => undefined);
  }
}

function sessionOf(event: WheelhouseEvent): string | null {
  return 'sessionId' in event.data ? event.data.sessionId : null;
}

function words(event: WheelhouseEvent): string {
  const line = (subject: string, text: string) => `${event.event.padEnd(9)} ${plain(subject)}  ${plain(text)}`;
  switch (event.event) {
    case 'action': {
      const { data } = event;
      const ended = data.outcome === 'done' ? '' : ` [${data.code ? `${data.outcome}: ${data.code}` : data.outcome}]`;
      return line(data.sessionId, `${data.actor.name}: ${data.words.replaceAll('**', '')}${ended}`);
    }
    case 'session':
      return line(
        event.data.sessionId,
        event.data.reason ? `${event.data.status}: ${event.data.reason}` : event.data.status,
      );
    case 'control':
      return line(event.data.sessionId, `${event.data.control.kind} ${event.data.control.holder ?? ''}`.trim());
    case 'attention':
      return line(event.data.sessionId ?? event.data.poolId ?? '', `${event.data.state}: ${event.data.title}`);
    case 'home':
      return line(
        event.data.homeId,
        event.data.reason ? `${event.data.state}: ${event.data.reason}` : event.data.state,
      );
    case 'home_removed':
      return line(event.data.homeId, 'removed');
    case 'pool':
      return line(event.data.id, event.data.displayName);
    case 'pool_deleted':
      return line(event.data.id, 'deleted');
    case 'machine':
      return line(
        event.data.machineId,
        event.data.reason ? `${event.data.state}: ${event.data.reason}` : event.data.state,
      );
    default:
      return '';
  }
}
