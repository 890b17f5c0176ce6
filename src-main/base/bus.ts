import type { WheelhouseEvent } from '@shared/event';
import { Emitter } from './emitter';

/** The one bus on which every room announces what changed: the windows and the SSE stream listen. */
export type Bus = Emitter<WheelhouseEvent>;
export const createBus = (onError?: (error: unknown) => void): Bus => new Emitter<WheelhouseEvent>(onError);
