import type { ErrorCode } from '@shared/errors';
import { asWheelhouseError, WheelhouseError } from '../../base/errors';
import type { LinkTarget } from '../../sandbox/backend';
import type { MouseButton, Rect } from '../types';

/** What the hub side of a port (a worker, or the same thread in tests) tells of a session with every answer. */
export interface ScreenState {
  version: number;
  width: number;
  height: number;
  cursor: { x: number; y: number };
}

/** Everything that can be asked about one open session. Plain data only: it crosses a thread. */
export interface SessionCalls {
  screenshot(call: { region?: Rect }): Promise<Uint8Array>;
  /** The picture's number; its PNG follows as an `encoded` event with the frame's own id. */
  frame(call: { frame: number }): Promise<void>;
  thumbnail(call: { width: number; since?: number }): Promise<{ version: number; jpeg: Uint8Array } | null>;
  move(call: { epoch: number; x: number; y: number }): Promise<void>;
  click(call: {
    epoch: number;
    at: { x: number; y: number } | null;
    button: MouseButton;
    count: number;
  }): Promise<void>;
  drag(call: {
    epoch: number;
    from: { x: number; y: number };
    to: { x: number; y: number };
    button: MouseButton;
  }): Promise<void>;
  scroll(call: { epoch: number; at: { x: number; y: number }; deltaX: number; deltaY: number }): Promise<void>;
  pressKeys(call: { epoch: number; keys: string[] }): Promise<void>;
  typeText(call: { epoch: number; text: string }): Promise<void>;
  settle(call: { quietMs: number; maxMs: number }): Promise<void>;
  setEpoch(call: { epoch: number }): Promise<void>;
  demand(call: { wanted: boolean }): Promise<void>;
  setFrozen(call: { frozen: boolean }): Promise<void>;
}

export type SessionCall = {
  [M in keyof SessionCalls]: { method: M; args: Parameters<SessionCalls[M]>[0] };
}[keyof SessionCalls];

export type ToHost =
  | { kind: 'open'; id: number; session: string; target: LinkTarget; epoch: number }
  | { kind: 'probe'; id: number; target: LinkTarget; timeoutMs: number }
  | { kind: 'abort'; id: number }
  | { kind: 'close'; session: string }
  | ({ kind: 'call'; id: number; session: string } & SessionCall);

export interface PlainError {
  code: ErrorCode;
  message: string;
  data: Record<string, unknown>;
}

export type FromHost =
  | { kind: 'answer'; id: number; value: unknown; state?: ScreenState }
  | { kind: 'failure'; id: number; error: PlainError }
  | { kind: 'changed'; session: string; state: ScreenState }
  | { kind: 'encoded'; session: string; frame: number; png: Uint8Array }
  | { kind: 'notEncoded'; session: string; frame: number; error: PlainError }
  | { kind: 'lost'; session: string; reason: string };

/** The part of a MessagePort or a Worker that both sides need. */
export interface Port<Out> {
  postMessage(message: Out, transfer?: readonly ArrayBuffer[]): void;
}

export function plainError(error: unknown): PlainError {
  const known = asWheelhouseError(error);
  const cause = known.code === 'internal' && known.cause instanceof Error ? { cause: known.cause.message } : {};
  return { code: known.code, message: known.message, data: { ...known.data, ...cause } };
}

export const revive = (error: PlainError): WheelhouseError =>
  new WheelhouseError(error.code, error.message, error.data);
