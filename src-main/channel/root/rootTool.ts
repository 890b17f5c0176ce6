import type { z } from 'zod';
import type { Caller } from '../../base/caller';
import type { CallIo, ToolAnswer } from '../tool';
import type { ChannelDeps } from '../types';
import type { SessionChoice } from './sessionChoice';

interface RootContext {
  caller: Caller;
  clientName: string | null;
  deps: ChannelDeps;
  choice: SessionChoice;
  io: CallIo;
}

/** A tool of `/mcp` that is about sessions, not about one desktop. */
export interface RootTool<S extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  description: string;
  input: S;
  readOnly: boolean;
  run(context: RootContext, args: z.output<S>): Promise<ToolAnswer>;
}

export const rootTool = <S extends z.ZodObject>(tool: RootTool<S>): RootTool => tool as unknown as RootTool;
