import { poolDefaults, type Condition, type Pool } from '@shared/pool';
import { describe, expect, it } from 'vitest';
import { at, now, session } from '../gallery/fixtures';
import { checkpointWords, conditionsToShow, conditionTone, configRows, countWords, poolLine } from './model';

const pool = (patch: Partial<Pool> = {}, conditions: Condition[] = []): Pool => ({
  ...poolDefaults,
  id: 'desktop',
  displayName: 'desktop',
  createdAt: at(100),
  observed: { machines: { creating: 0, starting: 1, ready: 2, leased: 3, resetting: 0, quarantined: 1 }, conditions },
  ...patch,
});
const condition = (reason: Condition['reason'], status: Condition['status'] = 'False'): Condition => ({
  type: 'Ready',
  status,
  reason,
  message: '',
  since: at(1),
});

describe('conditions', () => {
  const reasons = (...list: Condition['reason'][]) =>
    conditionsToShow(list.map((reason) => condition(reason))).map(({ reason }) => reason);
  it('tells a cause once, and promises no machines while the engine is away', () => {
    expect(reasons('BackendUnreachable', 'Replenishing', 'BackendUnreachable', 'BackendUnreachable')).toEqual([
      'BackendUnreachable',
    ]);
    expect(reasons('Paused', 'Paused', 'Healthy', 'Healthy')).toEqual(['Paused', 'Healthy', 'Healthy']);
    expect(reasons('Replenishing', 'Healthy')).toEqual(['Replenishing', 'Healthy']);
  });
  it('says nothing of machines that were not read yet', () => {
    const image = (machines: [] | undefined) =>
      configRows(pool(), machines, [], now).find(({ name }) => name === 'Image')?.observed;
    expect([image(undefined), image([])]).toEqual(['', 'No machine yet']);
  });
});

describe('poolLine', () => {
  it('says the worst that is known', () => {
    expect(poolLine(pool({}, [condition('Healthy', 'True'), condition('MachineQuarantined')])).text).toBe(
      'Works. 1 machine needs a look',
    );
    expect(poolLine(pool({}, [condition('Replenishing'), condition('ImageMissing')])).tone).toBe('bad');
    expect(poolLine(pool({ paused: true }, [condition('ImageMissing')])).text).toBe('Paused: hands out nothing');
    expect(poolLine(pool({}, [condition('Healthy', 'True')])).text).toBe('Works');
  });
});

describe('configRows', () => {
  it('compares what is wanted with what was seen', () => {
    const row = (each: Pool) => configRows(each, [], [session()], now)[0];
    expect(row(pool())?.verdict).toBe('as desired');
    expect(row(pool({ warm: { minimum: 3, maximum: 9 } }))?.verdict).toBe('catching up');
    const none = { creating: 0, starting: 0, ready: 0, leased: 0, resetting: 0, quarantined: 0 };
    const coming = (reason: Condition['reason']) =>
      row(pool({ observed: { machines: none, conditions: [condition(reason)] } }))?.verdict;
    expect(coming('Preparing')).toBe('catching up');
    expect(coming('CreateFailed')).toBe('not met');
    const failed = { machines: { ...none, quarantined: 2 }, conditions: [condition('CreateFailed')] };
    expect(row(pool({ warm: { minimum: 1, maximum: 2 }, observed: failed }))?.verdict).toBe('not met');
    expect(row(pool({ paused: true }))?.verdict).toBeNull();
  });
  it('does not call a held session idle', () => {
    const idle = (list: Parameters<typeof configRows>[2]) =>
      configRows(pool(), [], list, now).find((row) => row.name === 'Idle')?.observed;
    expect(idle([session({ lastActivityAt: at(90) })])).toBe('Longest now: 1:30');
    expect(idle([session({ lastActivityAt: at(90) }, { kind: 'human', holder: 'x' })])).toBe('None now');
    expect(idle([session({ status: 'idle' })])).toBe('None now, 1 suspended');
  });
  it('says what is kept and what may be chosen', () => {
    const desired = (each: Pool, name: string) =>
      configRows(each, [], [], now).find((row) => row.name === name)?.desired;
    expect(desired(pool(), 'Homes')).toBe('Go with their session');
    expect(desired(pool(), 'A request may choose')).toBeUndefined();
    const suspends = pool({
      warm: { minimum: 1, maximum: 2, freeze: true },
      idle: { policy: 'suspend', keeps: 'machine', afterSeconds: 900 },
      acquire: { screen: true, idleSeconds: { minimum: 60, maximum: 7200 } },
    });
    expect(desired(suspends, 'Homes')).toBe('Kept while suspended, up to 30 days, 1 GB each');
    expect(desired(suspends, 'Idle')).toBe('Suspend after 15 min, machines are saved whole');
    expect(desired(suspends, 'A request may choose')).toBe('Its screen; Idle time, 1 min to 2 h');
    expect(desired(suspends, 'Warm machines')).toContain('standing still');
  });
});

it('counts leave out what is not there', () => {
  expect(countWords({ creating: 0, starting: 0, ready: 4, leased: 0, resetting: 0, quarantined: 0 })).toBe(
    '0 leased, 4 ready',
  );
});

it('says that the whole computer is full, and that it can be changed', () => {
  expect(conditionTone(condition('HostAtCapacity'))).toBe('warn');
  expect(poolLine(pool({}, [condition('HostAtCapacity')])).text).toContain('limit is reached');
});

it('calls a desktop that is being saved on its way, not broken', () => {
  expect(conditionTone(condition('Preparing'))).toBe('moving');
  expect(poolLine(pool({}, [condition('Preparing')])).text).toBe('The first desktop is being prepared');
});

it('says when checkpoints are made by themselves', () => {
  const words = (backend: Pool['backend'], beforeTakeover: boolean, beforeCommands: boolean) =>
    checkpointWords({ backend, checkpoints: { beforeTakeover, beforeCommands, keep: 4 } });
  expect(words('docker', true, true)).toContain('containers keep none');
  expect(words('qemu', false, false)).toBe('When asked for; at most 4');
  expect(words('qemu', true, true)).toBe('When asked for, before control is taken and before commands; at most 4');
});
