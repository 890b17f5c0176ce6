import type { Diagnostics } from '@shared/diagnostics';
import type { Token } from '@shared/ipc';
import type { BackendKind, Pool } from '@shared/pool';
import { settingSpan } from '../../lib/clock';
import { hasHomes, keepsMachine, type PoolForm } from './formModel';

type Found = Diagnostics['backends'][number];

/** What a backend is good for, whatever this computer has. */
export const backendPurpose: Record<BackendKind, string> = {
  docker:
    'Fast and dense: a desktop in a fraction of a second, many on one computer. They share its kernel and can’t be rewound.',
  qemu: 'A machine with a kernel of its own: checkpoints, rewind and branches. It takes more memory.',
  fake: 'Made-up machines for trying things out.',
};

/** What speaks against a backend on this computer; null when nothing does, or when it was not looked at yet. */
export function backendTrouble(
  kind: BackendKind,
  found: readonly Found[] | undefined,
): { bad: boolean; words: string } | null {
  const here = found?.find((each) => each.kind === kind);
  if (!found) return null;
  const name = kind === 'docker' ? 'Docker' : kind === 'qemu' ? 'QEMU' : 'This backend';
  if (!here?.reachable)
    return {
      bad: true,
      words: `${name} is not there now. ${here?.message ?? ''} The pool waits until it is.`.replace(/ {2}/g, ' '),
    };
  if (here.isolation === 'emulated')
    return {
      bad: false,
      words: 'The processor is emulated here: machines work, but slowly, and emulation is not isolation.',
    };
  return null;
}

/** Why a pool that requires isolation would hand out nothing here; null when it is met or not known. */
export function isolationTrouble(
  form: Pick<PoolForm, 'backend' | 'isolationRequired'>,
  found: readonly Found[] | undefined,
): string | null {
  const here = found?.find((each) => each.kind === form.backend);
  if (!form.isolationRequired || !here?.reachable || here.isolation === 'vm' || here.isolation === 'container')
    return null;
  return here.isolation === 'emulated'
    ? 'An emulated processor never satisfies it: with this backend the pool would hand out nothing here.'
    : 'This backend does not isolate machines here: the pool would hand out nothing.';
}

/** What saving changes about machines that are there. */
export function changeWords(form: PoolForm, pool: Pool): string | null {
  if (form.backend !== pool.backend || form.image !== pool.image)
    return 'Warm machines are replaced one by one. Running sessions stay on the machine they have until they end.';
  return null;
}

/** Who can be chosen: names of agent tokens, and those chosen before whose token is gone. */
export function assignable(tokens: readonly Token[], chosen: readonly string[]): { name: string; gone: boolean }[] {
  const names = new Set(tokens.filter((token) => token.role === 'agent').map((token) => token.name));
  return [...new Set([...names, ...chosen])]
    .toSorted((a, b) => a.localeCompare(b))
    .map((name) => ({ name, gone: !names.has(name) }));
}

const minutes = (text: string) => {
  const seconds = Math.round(Number(text) * 60);
  return text.trim() === '' || !Number.isFinite(seconds) || seconds <= 0 ? 'a while' : settingSpan(seconds);
};
const days = (text: string) => (text.trim() === '1' ? '1 day' : `${text.trim() || 'some'} days`);

/** What happens to a session that nobody uses. */
export function idleWords(form: PoolForm): string {
  if (form.idlePolicy === 'release')
    return 'The session ends, and its machine goes back to the pool. A person who holds it keeps it.';
  const back = 'Its next call brings it back under the same ids; the agent waits a little longer, and reads no error.';
  return keepsMachine(form)
    ? `The machine is saved whole and goes: open programs go on where they were. ${back}`
    : `The machine goes, the files under its home stay; open programs are closed. ${back}`;
}

/** What becomes of homes, whether kept between sessions or only while one is suspended. */
export function homeWords(form: PoolForm): string {
  const most = days(form.expiresAfterDays);
  if (form.homePolicy === 'keep')
    return `It stays, and its agent may go on with it by its id, until somebody deletes it or nobody used it for ${most}.`;
  return form.idlePolicy === 'suspend'
    ? `It goes with its session. A session that stays suspended for ${most} expires, and its home goes too.`
    : 'What a session leaves behind is gone when it ends. Nothing has to be tidied.';
}

export const quotaWords = (backend: BackendKind) =>
  backend === 'docker'
    ? 'Measured and said when it is over; nothing stops it'
    : 'The home’s disk ends there. Homes that exist keep theirs';

/** Each folded section in a few words. */
export const sectionWords = {
  idle: (form: PoolForm) =>
    form.idlePolicy === 'release'
      ? `Released after ${minutes(form.idleMinutes)}`
      : `Suspended after ${minutes(form.idleMinutes)}, ${keepsMachine(form) ? 'the whole machine' : 'its home'} is kept`,
  homes: (form: PoolForm) =>
    form.homePolicy === 'keep'
      ? `Kept, gone after ${days(form.expiresAfterDays)} unused`
      : hasHomes(form)
        ? `Kept while suspended, at most ${days(form.expiresAfterDays)}`
        : 'Go with their session',
  requests: (form: PoolForm) => {
    const may = [
      ...(form.ownScreen ? ['its screen'] : []),
      ...(form.ownIdle ? [`its idle time, ${minutes(form.ownIdleMinimum)} to ${minutes(form.ownIdleMaximum)}`] : []),
    ];
    return may.length === 0 ? 'Nothing: the pool decides' : `May choose ${may.join(' and ')}`;
  },
  checkpoints: (form: PoolForm) => {
    if (form.backend === 'docker') return 'Containers keep none';
    const by = [
      ...(form.beforeTakeover ? ['before control is taken'] : []),
      ...(form.beforeCommands ? ['before commands'] : []),
    ];
    return by.length === 0 ? 'When asked for' : `When asked for, ${by.join(' and ')}`;
  },
  who: (form: PoolForm) =>
    `${form.assignments.length === 0 ? 'Every agent token' : form.assignments.join(', ')}${
      form.sessionsPerToken.trim() === '' ? '' : `, ${form.sessionsPerToken.trim()} at once each`
    }`,
} satisfies Record<string, (form: PoolForm) => string>;
