import type { Action, Attention } from '@shared/action';
import type { ControlState } from '@shared/control';
import type { Machine } from '@shared/pool';
import type { Session } from '@shared/session';
import { frameHash, type Scene } from './drawings';

export const me = 'operator';
export const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
export const minutes = 60;

const control = (patch: Partial<ControlState> = {}): ControlState => ({
  kind: 'agent',
  holder: null,
  since: ago(600),
  epoch: 4,
  private: false,
  lapsesAt: null,
  lapseReason: null,
  askedBy: null,
  ...patch,
});

interface Seed {
  id: string;
  name: string;
  agent: string;
  pool: string;
  scene: Scene;
  age: number;
  idle: number;
  last: string;
  control?: Partial<ControlState>;
  more?: Partial<Session>;
}

export const seeds: Seed[] = [
  {
    id: 'refund-batch-14',
    name: 'Refund batch 14',
    agent: 'Claude Code',
    pool: 'office-docker',
    scene: 'orders',
    age: 24,
    idle: 0,
    last: 'Typing in **Note to the customer**',
  },
  {
    id: 'label-sizes',
    name: 'Label sizes',
    agent: 'VS Code',
    pool: 'office-docker',
    scene: 'mail',
    age: 9,
    idle: 3,
    last: 'Opened **Label size**',
  },
  {
    id: 'carrier-times',
    name: 'Carrier times',
    agent: 'Heron',
    pool: 'office-docker',
    scene: 'sheet',
    age: 41,
    idle: 1,
    last: 'Typed **12 characters**',
  },
  {
    id: 'ticket-8812',
    name: 'Ticket 8812',
    agent: 'Cursor',
    pool: 'office-docker',
    scene: 'ticket',
    age: 18,
    idle: 2,
    last: 'Clicked **Reply**',
    control: { kind: 'human', holder: me, since: ago(134), epoch: 7 },
  },
  {
    id: 'winter-catalogue',
    name: 'Winter catalogue',
    agent: 'Claude Code',
    pool: 'office-docker',
    scene: 'editor',
    age: 72,
    idle: 4,
    last: 'Clicked **Try again**',
  },
  {
    id: 'week-47-notes',
    name: 'Week 47 notes',
    agent: 'Claude Code',
    pool: 'office-docker',
    scene: 'editor',
    age: 6,
    idle: 6,
    last: 'Ran **cat notes.md**',
  },
  {
    id: 'documents-tidy',
    name: 'Documents tidy-up',
    agent: 'Heron',
    pool: 'office-docker',
    scene: 'files',
    age: 52,
    idle: 680,
    last: 'Ran **mv *.pdf archive/**',
  },
  {
    id: 'trains-dublin',
    name: 'Trains to Dublin',
    agent: 'VS Code',
    pool: 'office-docker',
    scene: 'orders',
    age: 2,
    idle: 2,
    last: 'Clicked **09:30 to 11:52**',
  },
  {
    id: 'company-register',
    name: 'Company register',
    agent: 'Heron',
    pool: 'research',
    scene: 'puzzle',
    age: 15,
    idle: 108,
    last: 'Asked for a person',
  },
  {
    id: 'heat-pump-study',
    name: 'Heat pump study',
    agent: 'Claude Code',
    pool: 'research',
    scene: 'mail',
    age: 33,
    idle: 1,
    last: 'Scrolled to **Results**',
  },
  {
    id: 'vat-return-q4',
    name: 'VAT return Q4',
    agent: 'Cursor',
    pool: 'research',
    scene: 'sheet',
    age: 28,
    idle: 3,
    last: 'Clicked **Box 9**',
    control: { kind: 'human', holder: 'Mara K.', since: ago(308), epoch: 5 },
  },
  {
    id: 'label-fix-01',
    name: 'Label fix',
    agent: 'Claude Code',
    pool: 'research',
    scene: 'terminal',
    age: 63,
    idle: 252,
    last: 'Ran **npm test**',
    control: { kind: 'paused', holder: null, since: ago(252) },
  },
  {
    id: 'archive-scan',
    name: 'Archive scan',
    agent: 'Heron',
    pool: 'night-shift',
    scene: 'files',
    age: 190,
    idle: 3,
    last: 'Ran **ocrmypdf 1987.pdf**',
    more: { home: { homeId: 'home-archive', keep: true }, expiresAt: ago(-900), machineId: 'night-shift-44' },
  },
  {
    id: 'price-list',
    name: 'Supplier price list',
    agent: 'Claude Code',
    pool: 'night-shift',
    scene: 'sheet',
    age: 154,
    idle: 2700 + 900,
    last: 'Asked the supplier by mail',
    more: {
      status: 'idle',
      suspendedAt: ago(2700),
      expiresAt: ago(-30 * 86_400),
      machineId: null,
      machine: null,
      home: { homeId: 'home-price-list', keep: true },
    },
  },
  {
    id: 'stock-count-47',
    name: 'Stock count',
    agent: 'Nightly checks',
    pool: 'night-shift',
    scene: 'sheet',
    age: 1,
    idle: 40,
    last: '',
    more: { status: 'queued', machineId: null, machine: null, screen: null, queue: { place: 2, waiting: 3 } },
  },
];

export const sceneOf = new Map<string, Scene>(seeds.map((seed) => [seed.id, seed.scene]));

export const sessions: Session[] = seeds.map((seed, index) => ({
  sessionId: seed.id,
  poolId: seed.pool,
  computerId: `c-${index}`,
  machineId: `${seed.pool}-${31 + index}`,
  status: 'active',
  name: seed.name,
  agent: seed.agent,
  caller: 'Claude Code, laptop',
  createdAt: ago(seed.age * minutes + index),
  lastActivityAt: ago(seed.idle),
  endedAt: null,
  expiresAt: ago(seed.idle - 1800),
  reason: null,
  labels: {},
  screen: { width: 1280, height: 800 },
  machine:
    seed.pool === 'research'
      ? { backend: 'qemu', checkpoints: true, guestAgent: true, consoleLog: true }
      : { backend: 'docker', checkpoints: false, guestAgent: true, consoleLog: false },
  frozen: seed.control?.kind === 'paused',
  control: control(seed.control),
  ...seed.more,
}));

/** Sessions that are over, newest first. */
export const endedSessions: Session[] = [
  ended('invoice-check', 'Invoice check', 'Heron', 14, 'released', 'The agent released it'),
  ended('stock-count-46', 'Stock count, week 46', 'Claude Code', 52, 'expired', 'It was idle for 30 min'),
  ended('macro-trial-2', 'Macro trial 2', 'Cursor', 95, 'failed', 'Its machine ended: out of memory'),
  ...Array.from({ length: 60 }, (_, index) =>
    ended(
      `older-session-${index}`,
      `Nightly check ${60 - index}`,
      'Heron',
      200 + index * 24,
      'released',
      'The agent released it',
    ),
  ),
];

function ended(
  sessionId: string,
  name: string,
  agent: string,
  minutesAgo: number,
  status: Session['status'],
  reason: string,
): Session {
  return {
    ...(sessions[0] as Session),
    sessionId,
    machineId: null,
    status,
    name,
    agent,
    createdAt: ago((minutesAgo + 18) * minutes),
    lastActivityAt: ago(minutesAgo * minutes),
    endedAt: ago(minutesAgo * minutes),
    expiresAt: null,
    reason,
    screen: null,
    machine: null,
    control: control(),
  };
}

export const machines: Machine[] = [
  {
    machineId: 'office-docker-07',
    poolId: 'office-docker',
    state: 'quarantined',
    image: 'desktop:6f1c2a',
    sessionId: null,
    since: ago(180),
    reason:
      'It answers, and can write nothing: its disk is full. It is never handed out again, and another took its place.',
    trouble: 'disk_full',
    keptUntil: ago(-3420),
    cpuPercent: 0,
    memoryBytes: 4.1e8,
  },
  {
    machineId: 'office-docker-09',
    poolId: 'office-docker',
    state: 'quarantined',
    image: 'desktop:6f1c2a',
    sessionId: null,
    since: ago(1260),
    reason:
      'Something outside Wheelhouse stopped its processors. To look inside, first let it go on with the tool that stopped it.',
    trouble: 'frozen',
    keptUntil: ago(-2340),
    cpuPercent: 0,
    memoryBytes: 5.2e8,
  },
  {
    machineId: 'office-docker-15',
    poolId: 'office-docker',
    state: 'starting',
    image: 'desktop:6f1c2a',
    sessionId: null,
    since: ago(2),
    reason: 'Will be ready in about 4 s',
    cpuPercent: 84,
    memoryBytes: 6.2e8,
  },
  ...sessions
    .filter((session) => session.machineId !== null)
    .map((session, index): Machine => ({
      machineId: session.machineId ?? '',
      poolId: session.poolId,
      state: 'leased',
      image: 'desktop:6f1c2a',
      sessionId: session.sessionId,
      since: session.createdAt,
      reason: null,
      cpuPercent: 12 + index * 3,
      memoryBytes: 1.3e9 + index * 6e7,
    })),
  ...[21, 22, 23, 24].map((n): Machine => ({
    machineId: `office-docker-${n}`,
    poolId: 'office-docker',
    state: 'ready',
    image: 'desktop:6f1c2a',
    sessionId: null,
    since: ago(600),
    reason: null,
    cpuPercent: 1,
    memoryBytes: 5e7,
  })),
];

export const attention: Attention[] = [
  call(
    'help-1',
    'company-register',
    'Company register asks “Are you a person?”',
    'I can’t do picture puzzles. Please solve it and hand back.',
    108,
  ),
];

function call(id: string, sessionId: string, title: string, why: string, seconds: number): Attention {
  return {
    id,
    kind: 'help',
    sessionId,
    poolId: null,
    title,
    why,
    urgency: 'now',
    at: ago(seconds),
    deadline: null,
    state: 'waiting',
    answeredBy: null,
    answer: null,
    personNote: 'The code is 419 207',
  };
}

let serial = 0;
export function action(sessionId: string, at: string, words: string, patch: Partial<Action> = {}): Action {
  const scene = sceneOf.get(sessionId) ?? 'orders';
  serial += 1;
  return {
    id: `a${String(serial).padStart(5, '0')}`,
    sessionId,
    at,
    actor: { kind: 'agent', name: 'Claude Code' },
    epoch: 4,
    tool: 'click',
    arguments: {},
    words,
    outcome: 'done',
    code: null,
    message: null,
    durationMs: 400,
    point: null,
    frameBefore: frameHash(scene, serial),
    frameAfter: frameHash(scene, serial + 1),
    previousHash: '0'.repeat(64),
    hash: '0'.repeat(64),
    outcomeHash: '0'.repeat(64),
    ...patch,
  };
}
