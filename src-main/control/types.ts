import type { ControlRequest, ControlState, Handback, Rewound } from '@shared/control';
import type { Attention } from '@shared/action';

export interface Operator {
  name: string;
  admin: boolean;
}

/** Leave to act once, under one epoch. `done` must be called in every case; a drain waits for it. */
export interface Admission {
  epoch: number;
  /** Aborted when the drain's limit (2 s) cuts the action off. */
  signal: AbortSignal;
  done(): void;
}

/** Who may act on the machine: the lease with epochs of docs/architecture.md. */
export interface Control {
  state(sessionId: string): ControlState;
  /** For the agent's effects. Synchronous; throws control_held {holder, since, tool: 'await_control'} or control_paused. */
  admit(sessionId: string): Admission;
  /** For operators. conflict codes carry the holder. `take` resolves once granted (or throws); others at once. */
  act(sessionId: string, operator: Operator, request: ControlRequest): Promise<ControlState>;
  /** The gate of the relay: true only while this operator holds control. Synchronous, no allocation. */
  holds(sessionId: string, operator: string): boolean;
  /** Input of the holder arrived: the idle clock of the hold starts again. */
  touched(sessionId: string): void;
  viewerOpened(sessionId: string, operator: string): void;
  /** The last interactive viewer of the holder is gone: 30 s of grace, then paused, never the agent. */
  viewerClosed(sessionId: string, operator: string, clean: boolean): void;
  /** Waits until the agent holds control (true) or the time is up (false). */
  awaitAgent(sessionId: string, timeoutMs: number, signal: AbortSignal): Promise<boolean>;
  /** The hand-back that the agent has not been told yet, once. */
  takeHandback(sessionId: string): Handback | null;
  /** True while a hand-back waits to be told: what the agent saw before it is out of date. */
  handbackWaits(sessionId: string): boolean;
  /**
   * Stops everything: nobody acts in any session, whoever held it, and no processor runs. Resolves with how many were
   * stopped, once their machines are. What was paused by a person before stays theirs.
   */
  stopAll(operator: Operator): Promise<number>;
  /** What `stopAll` stopped goes on as it was: the agent's with the agent, a person's with that person. */
  resumeAll(operator: Operator): Promise<number>;
  /**
   * The machine was put back to a checkpoint, and its fences start anew: raised to the current epoch before it resolves.
   * What the agent was admitted to before is out of date; under a person's hold the hand-back will tell of it.
   * Rejects when the machine does not confirm; then nothing older is shut out.
   */
  rewound(sessionId: string, to: Rewound): Promise<void>;
  onChange(listener: (sessionId: string, state: ControlState) => void): () => void;
  /** A session began (fresh state) or came back after a restart (a human hold comes back as paused with grace). */
  open(sessionId: string): void;
  close(sessionId: string): void;
}

/** What a change of hands does to the machine; given to Control so that it stays free of effects. */
export interface Fences {
  /** Resolves when neither the screen nor the in-guest agent will take anything older than `epoch`, held keys released. */
  raise(sessionId: string, epoch: number): Promise<void>;
  /** A picture and the window titles, for the takeover diff; nulls when they can't be had. Never throws. */
  look(sessionId: string): Promise<{ frame: string | null; windows: string[] }>;
  /** Stops the machine's processors, and lets them go on; idempotent. Absent: machines that can't be stopped. */
  freeze?(sessionId: string): Promise<void>;
  thaw?(sessionId: string): Promise<void>;
}

/** Calls for a person. */
export interface AttentionQueue {
  list(): Attention[];
  ask(request: {
    kind: Attention['kind'];
    sessionId: string | null;
    poolId: string | null;
    title: string;
    why: string;
    urgency: Attention['urgency'];
    deadlineMs: number | null;
  }): Attention;
  get(id: string): Attention;
  /** A person took control for it. */
  taken(sessionId: string, by: string): void;
  answer(id: string, by: string, answer: string): Attention;
  /** The hand-back answers what was taken. */
  answeredBySession(sessionId: string, by: string, note: string): void;
  withdraw(sessionId: string): void;
  /** Who took control for it left without handing back: it waits again, or has expired meanwhile. */
  abandoned?(sessionId: string): void;
  /** What only a person may see beside this call; set by the app, never by an agent. */
  setPersonNote(sessionId: string, note: string): void;
  /** Resolves when it is answered, expired or withdrawn, or the time is up (then its state is still waiting or taken). */
  wait(id: string, timeoutMs: number, signal: AbortSignal): Promise<Attention>;
}
