import { z } from 'zod';
import { actionSchema, attentionSchema } from './action';
import { checkpointSchema } from './checkpoint';
import { controlSchema } from './control';
import { homeSchema } from './home';
import { machineSchema, poolSchema } from './pool';
import { sessionSchema } from './session';
import { idSchema, sessionIdSchema } from './ids';

/** Everything that changes: pushed to windows and over SSE. Events announce; they never command. */
export const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('pool'), data: poolSchema }),
  z.object({ event: z.literal('pool_deleted'), data: z.object({ id: idSchema }) }),
  z.object({ event: z.literal('machine'), data: machineSchema }),
  z.object({ event: z.literal('home'), data: homeSchema }),
  z.object({ event: z.literal('home_removed'), data: z.object({ homeId: idSchema }) }),
  z.object({ event: z.literal('session'), data: sessionSchema }),
  z.object({ event: z.literal('control'), data: z.object({ sessionId: sessionIdSchema, control: controlSchema }) }),
  z.object({ event: z.literal('action'), data: actionSchema }),
  z.object({ event: z.literal('attention'), data: attentionSchema }),
  z.object({ event: z.literal('checkpoint'), data: checkpointSchema }),
  z.object({
    event: z.literal('checkpoint_removed'),
    data: z.object({ sessionId: sessionIdSchema, checkpointId: idSchema }),
  }),
]);
export type WheelhouseEvent = z.infer<typeof eventSchema>;
