import type { z } from 'zod';
import type { Handback } from '@shared/control';
import type { LiveSession } from '../broker/types';
import type { ScreenHub, Rect } from '../screen/types';
import type { PendingFrame } from '../timeline/types';
import type { HelpDesk } from './helpDesk';
import type { ChannelDeps } from './types';

export type Content = { type: 'text'; text: string } | { type: 'image'; data: string; mimeType: 'image/png' };

/** What a tool hands back. `text` absent: the structured part as JSON. `frame`: a whole picture for the record. */
export interface ToolAnswer {
  structured: Record<string, unknown>;
  text?: string;
  picture?: Buffer;
  frame?: PendingFrame;
  /** A short fact for the record ("exit 0"). */
  code?: string;
  /** Better words for the record, now that more is known. */
  words?: string;
  /** Already taken by the tool itself, so that the answer carries it once. */
  handback?: Handback | null;
}

/** What the MCP request offers to a running call. */
export interface CallIo {
  /** Aborted when the client is gone (2026-07-28) or the channel closes. */
  signal: AbortSignal;
  /** Present when the client sent a progress token and reads a stream. */
  progress?: (value: number, total: number | undefined, message: string) => void;
}

/** Everything one call of a session's tool may touch. */
export interface ToolContext {
  readonly live: LiveSession;
  /** Opened on first use; rejects with guest_failed when the screen can't be had. `renew`: not the one from before. */
  hub(renew?: boolean): Promise<ScreenHub>;
  /** Acts: the epoch they were admitted under. Reads: the current one. */
  readonly epoch: number;
  /** The deadline, the client's going and, for acts, the drain's cut-off. */
  readonly signal: AbortSignal;
  readonly io: CallIo;
  readonly deps: ChannelDeps;
  readonly help: HelpDesk;
  readonly agent: string;
}

interface ToolBase<S extends z.ZodObject> {
  name: string;
  title: string;
  /** Written for a model: short and exact. */
  description: string;
  input: S;
  /** Asks Wheelhouse's agent inside the machine: not every machine has one, and a stopped one does not answer. */
  asksAgent?: boolean;
  /** False: it is about the session, and needs no machine; a suspended one is not resumed for it. */
  awake?: false;
  /** Milliseconds after which the call is cut off; default 30 s. */
  deadlineMs?(args: z.output<S>): number;
  /** Points and areas that must lie on the screen; checked before anything is recorded. */
  area?(args: z.output<S>): Rect[];
  run(context: ToolContext, args: z.output<S>): Promise<ToolAnswer>;
}

export interface ReadTool<S extends z.ZodObject = z.ZodObject> extends ToolBase<S> {
  kind: 'read';
  /** Shows something of the machine, which a private hold forbids. */
  looks: boolean;
  /** `before`: the row stands before a long wait. `never`: heartbeats and polls, which would drown the story. */
  record: 'after' | 'before' | 'never';
  words(args: z.output<S>): string;
}

export interface ActTool<S extends z.ZodObject = z.ZodObject> extends ToolBase<S> {
  kind: 'act';
  destructive: boolean;
  /** The screen is another one afterwards: the picture after it comes from there. */
  renewsScreen?: boolean;
  /** Waits for the picture to be still unless the caller says `settle: false`. */
  words(args: z.output<S>): string;
  point?(args: z.output<S>): { x: number; y: number } | null;
}

export type Tool = ReadTool | ActTool;

/** Keeps the argument types inside one tool, and forgets them outside: the schema has run before `run` is called. */
export const readTool = <S extends z.ZodObject>(tool: ReadTool<S>): ReadTool => tool as unknown as ReadTool;
export const actTool = <S extends z.ZodObject>(tool: ActTool<S>): ActTool => tool as unknown as ActTool;
