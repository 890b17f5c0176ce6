import type { Diagnostics } from '@shared/diagnostics';
import type { Token } from '@shared/ipc';
import { poolCreateSchema, poolDefaults, type Pool } from '@shared/pool';
import { describe, expect, it } from 'vitest';
import { at } from '../gallery/fixtures';
import {
  assignable,
  backendTrouble,
  changeWords,
  checkForm,
  formOf,
  isolationTrouble,
  newPool,
  specOf,
  withBackend,
} from './formModel';

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
