import type { Diagnostics } from '@shared/diagnostics';
import type { Token } from '@shared/ipc';
import { poolCreateSchema, poolDefaults, withAsked, type Pool } from '@shared/pool';
import { describe, expect, it } from 'vitest';
import { at } from '../gallery/fixtures';
import { checkForm, formOf, hasHomes, newPool, specOf, withBackend, withIdlePolicy } from './formModel';
import {
  assignable,
  backendTrouble,
  changeWords,
  homeWords,
  idleWords,
  isolationTrouble,
  sectionWords,
} from './formWords';

describe('the form', () => {
  it('starts from the contract’s defaults', () => {
    expect(newPool).toEqual(formOf({ ...poolDefaults, displayName: '' }));
  });
  it('makes what the contract accepts', () => {
    const form = { ...newPool, displayName: ' office ' };
    expect(checkForm(form, [])).toEqual({});
    expect(poolCreateSchema.parse(specOf(form))).toMatchObject({
      displayName: 'office',
      idle: { policy: 'release', afterSeconds: 1800 },
    });
  });
  it.each([
    [{ displayName: '  ' }, 'displayName'],
    [{ displayName: 'taken' }, 'displayName'],
    [{ cpus: '0' }, 'cpus'],
    [{ cpus: 'two' }, 'cpus'],
    [{ memoryMiB: '100' }, 'memoryMiB'],
    [{ memoryMiB: '1024.5' }, 'memoryMiB'],
    [{ minimum: '9', maximum: '8' }, 'minimum'],
    [{ maximum: '0' }, 'maximum'],
    [{ idleMinutes: '' }, 'idleMinutes'],
    [{ width: '99999' }, 'width'],
    [{ idlePolicy: 'suspend' as const, quotaMiB: '0' }, 'quotaMiB'],
    [{ homePolicy: 'keep' as const, expiresAfterDays: '1.5' }, 'expiresAfterDays'],
    [{ ownIdle: true, ownIdleMinimum: '300' }, 'ownIdleMinimum'],
    [{ ownIdle: true, ownIdleMaximum: '' }, 'ownIdleMaximum'],
    [{ keep: '21', backend: 'qemu' as const }, 'keep'],
  ])('refuses %j', (patch, field) => {
    expect(Object.keys(checkForm({ ...newPool, displayName: 'x', ...patch }, ['taken']))).toContain(field);
  });
});

const backend = (
  kind: 'docker' | 'qemu',
  isolation: Diagnostics['backends'][number]['isolation'],
  reachable = true,
): Diagnostics['backends'][number] => ({
  kind,
  reachable,
  version: null,
  isolation,
  message: 'It does not answer.',
  facts: [],
  machines: 0,
});

describe('a backend is one field', () => {
  const pool: Pool = {
    ...poolDefaults,
    id: 'p',
    displayName: 'p',
    image: 'mine',
    createdAt: at(1),
    observed: {
      machines: { creating: 0, starting: 0, ready: 0, leased: 0, resetting: 0, quarantined: 0 },
      conditions: [],
    },
  };
  it('takes the image along only where it belongs', () => {
    const switched = withBackend(formOf(pool), 'qemu', pool);
    expect(switched).toMatchObject({ backend: 'qemu', image: 'desktop' });
    expect(withBackend(switched, 'docker', pool).image).toBe('mine');
    expect(poolCreateSchema.parse(specOf(switched))).toMatchObject({ backend: 'qemu', checkpoints: { keep: 6 } });
  });
  it('says what happens to machines only when something does', () => {
    expect(changeWords(formOf(pool), pool)).toBeNull();
    expect(changeWords(withBackend(formOf(pool), 'qemu', pool), pool)).toContain('one by one');
  });
});

it('does not stumble over a number that a container does not need', () => {
  const form = { ...newPool, displayName: 'x', keep: 'many' };
  expect(checkForm(form, [])).toEqual({});
  expect(poolCreateSchema.parse(specOf(form)).checkpoints?.keep).toBe(6);
});

describe('what speaks against a backend here', () => {
  it('is that it is away, or emulated; nothing before it was looked at', () => {
    expect(backendTrouble('qemu', undefined)).toBeNull();
    expect(backendTrouble('qemu', [])).toMatchObject({ bad: true });
    expect(backendTrouble('qemu', [backend('qemu', 'none', false)])?.words).toContain('It does not answer.');
    expect(backendTrouble('qemu', [backend('qemu', 'emulated')])).toMatchObject({ bad: false });
    expect(backendTrouble('qemu', [backend('qemu', 'vm')])).toBeNull();
  });
  it('never lets emulation pass for isolation', () => {
    const trouble = (isolation: 'container' | 'vm' | 'emulated' | 'none', isolationRequired = true) =>
      isolationTrouble({ backend: 'qemu', isolationRequired }, [backend('qemu', isolation)]);
    expect(trouble('emulated')).toContain('never satisfies');
    expect(trouble('none')).toContain('does not isolate');
    expect([trouble('vm'), trouble('container'), trouble('emulated', false)]).toEqual([null, null, null]);
  });
});

it('offers agent tokens by name, and keeps the ones that are gone in sight', () => {
  const token = (name: string, role: Token['role']): Token => ({
    tokenId: name,
    name,
    role,
    pools: [],
    createdAt: at(1),
    lastUsedAt: null,
  });
  expect(assignable([token('b', 'agent'), token('b', 'agent'), token('op', 'operator')], ['a', 'b'])).toEqual([
    { name: 'a', gone: true },
    { name: 'b', gone: false },
  ]);
});

it('takes an empty limit for none, and bounds any other', () => {
  const form = { ...newPool, displayName: 'Second' };
  expect(specOf(form)).toMatchObject({ limits: { sessionsPerToken: null } });
  expect(specOf({ ...form, sessionsPerToken: '3' })).toMatchObject({ limits: { sessionsPerToken: 3 } });
  for (const sessionsPerToken of ['0', '1.5', '201', 'x'])
    expect(checkForm({ ...form, sessionsPerToken }, []), sessionsPerToken).toHaveProperty('sessionsPerToken');
});

describe('what becomes of a session that nobody uses', () => {
  const form = { ...newPool, displayName: 'x' };
  it('changes the time with the policy, but not one that was typed', () => {
    expect(withIdlePolicy(form, 'suspend', false)).toMatchObject({ idlePolicy: 'suspend', idleMinutes: '15' });
    expect(withIdlePolicy({ ...form, idleMinutes: '7' }, 'suspend', true).idleMinutes).toBe('7');
    expect(withIdlePolicy(form, 'release', false)).toBe(form);
  });
  it('makes what the contract accepts, and reads it back', () => {
    const all = {
      ...form,
      idlePolicy: 'suspend' as const,
      idleKeeps: 'machine' as const,
      idleMinutes: '0.5',
      homePolicy: 'keep' as const,
      quotaMiB: '2048',
      ownScreen: true,
      ownIdle: true,
      backend: 'qemu' as const,
    };
    expect(checkForm(all, [])).toEqual({});
    const spec = poolCreateSchema.parse(specOf(all));
    expect(spec).toMatchObject({
      idle: { policy: 'suspend', keeps: 'machine', afterSeconds: 30 },
      home: { policy: 'keep', quotaMiB: 2048, expiresAfterDays: 30 },
      acquire: { screen: true, idleSeconds: { minimum: 300, maximum: 14_400 } },
    });
    expect(formOf({ ...withAsked(poolDefaults, spec), displayName: spec.displayName })).toEqual(all);
  });
  it('reads the shortest idle time back as it was', () => {
    const shortest = formOf({ ...poolDefaults, displayName: 'x', idle: { policy: 'release', afterSeconds: 10 } });
    expect(checkForm(shortest, [])).toEqual({});
    expect(specOf(shortest).idle?.afterSeconds).toBe(10);
  });
  it('saves no container whole, and freezes no machine that always is', () => {
    const suspended = { ...form, idlePolicy: 'suspend' as const, idleKeeps: 'machine' as const, freeze: true };
    expect(specOf(suspended)).toMatchObject({ idle: { policy: 'suspend' }, warm: { freeze: true } });
    expect(specOf(suspended).idle).not.toHaveProperty('keeps');
    expect(specOf({ ...suspended, backend: 'qemu' }).warm).not.toHaveProperty('freeze');
  });
  it('does not stumble over fields of homes that no session gets', () => {
    const without = { ...form, quotaMiB: 'much', expiresAfterDays: '' };
    expect(hasHomes(without)).toBe(false);
    expect(checkForm(without, [])).toEqual({});
    expect(poolCreateSchema.parse(specOf(without)).home).toEqual({
      policy: 'none',
      quotaMiB: 1024,
      expiresAfterDays: 30,
    });
  });
  it('is said in words, folded and open', () => {
    const kept = { ...form, idlePolicy: 'suspend' as const, idleMinutes: '15', homePolicy: 'keep' as const };
    expect(sectionWords.idle(form)).toBe('Released after 30 min');
    expect(sectionWords.idle(kept)).toBe('Suspended after 15 min, its home is kept');
    expect(sectionWords.homes(kept)).toBe('Kept, gone after 30 days unused');
    expect(sectionWords.homes({ ...kept, homePolicy: 'none', expiresAfterDays: '1' })).toBe(
      'Kept while suspended, at most 1 day',
    );
    expect(sectionWords.requests(form)).toBe('Nothing: the pool decides');
    expect(sectionWords.requests({ ...form, ownScreen: true, ownIdle: true })).toBe(
      'May choose its screen and its idle time, 5 min to 4 h',
    );
    expect(idleWords(kept)).toContain('open programs are closed');
    expect(idleWords({ ...kept, backend: 'qemu', idleKeeps: 'machine' })).toContain('go on where they were');
    expect(homeWords({ ...kept, homePolicy: 'none' })).toContain('expires');
  });
});
