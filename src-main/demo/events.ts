import { z } from 'zod';
import { sessionIdSchema } from '@shared/ids';
import type { DemoStatus } from '@shared/ipc';

/** What src-cli/demo/agent.ts prints, one JSON object a line. */
const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('session'), sessionId: sessionIdSchema }),
  z.object({ event: z.literal('step'), step: z.string(), state: z.enum(['running', 'done']) }),
  z.object({ event: z.literal('waiting'), message: z.string() }),
  z.object({ event: z.literal('done'), orders: z.int(), path: z.string() }),
  z.object({ event: z.literal('failed'), message: z.string() }),
]);
export type DemoEvent = z.output<typeof eventSchema>;

/** Null for a line that is none of ours: the process's output is not trusted to be well formed. */
export function readEvent(line: string): DemoEvent | null {
  try {
    return eventSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

export const offStatus: DemoStatus = { state: 'off', sessionId: null, step: '', message: null };

/** Pure: the demo as the window shows it, after one more event. */
export function applyEvent(status: DemoStatus, event: DemoEvent): DemoStatus {
  switch (event.event) {
    case 'session':
      return { ...status, state: 'running', sessionId: event.sessionId };
    case 'step':
      return { ...status, state: 'running', step: event.step, message: null };
    case 'waiting':
      return { ...status, state: 'waiting', message: event.message };
    case 'done':
      return { ...status, state: 'done', message: `${event.orders} orders were read; the report is ${event.path}` };
    case 'failed':
      return { ...status, state: 'failed', message: event.message };
  }
}
