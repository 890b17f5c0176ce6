import { describe, expect, it } from 'vitest';
import type { Diagnostic, Diagnostics } from '@shared/diagnostics';
import {
  backendLine,
  backendTitle,
  factsByName,
  groups,
  isCommand,
  logPath,
  stateRoles,
  stateWords,
  summary,
} from './model';

const check = (id: string, state: Diagnostic['state'] = 'ok', words = ''): Diagnostic => ({
  ...{ id, state, words },
  name: id,
  fix: null,
});
const found = (...checks: Diagnostic[]): Diagnostics => ({ at: '2026-11-21T03:00:00.000Z', checks, backends: [] });

describe('diagnostics', () => {
  it('says first what needs a look', () => {
    expect(summary(found(check('a'), check('b', 'off')))).toBe('Everything is fine');
    expect(summary(found(check('a', 'failed'), check('b', 'warning'), check('c', 'warning')))).toBe(
      '1 thing wrong, 2 notes',
    );
    expect(summary(found(check('a', 'failed'), check('b', 'failed')))).toBe('2 things wrong');
  });
  it('puts facts of one name under one heading', () => {
    const facts = [
      { name: 'QEMU', words: '7.2' },
      { name: 'Saved desktop', words: 'a' },
      { name: 'Saved desktop', words: 'b' },
    ];
    expect(factsByName({ facts })).toEqual([
      { name: 'QEMU', words: ['7.2'] },
      { name: 'Saved desktops, 2', words: ['a', 'b'] },
    ]);
  });
  it('puts every check into one group, unknown ones too', () => {
    const ids = ['port', 'qemu.image', 'memory', 'desktops', 'disk.cache', 'something.new'];
    const all = groups(found(...ids.map((id) => check(id))));
    expect(all.map(({ title, checks }) => [title, checks.map(({ id }) => id)])).toEqual([
      ['Desktops', ['qemu.image', 'desktops']],
      ['Wheelhouse', ['port', 'something.new']],
      ['This computer', ['memory', 'disk.cache']],
    ]);
    expect(groups(found(check('memory'))).map(({ title }) => title)).toEqual(['This computer']);
  });
  it('has a word and a colour for every state', () => {
    for (const state of ['ok', 'warning', 'failed', 'off'] as const) {
      expect(stateWords[state]).not.toBe('');
      expect(stateRoles[state]).not.toBe('');
    }
    expect(new Set(Object.values(stateWords)).size).toBe(4);
  });
  it('tells commands from deeds', () => {
    expect(isCommand('sudo apt-get install -y qemu-utils')).toBe(true);
    expect(isCommand('npm run setup -- --qemu')).toBe(true);
    expect(isCommand('WHEELHOUSE_ELECTRON=official npm start')).toBe(true);
    expect(isCommand('start it as an ordinary user')).toBe(false);
  });
  it('names backends and what they are at', () => {
    const qemu = {
      ...{ kind: 'qemu' as const, reachable: true, version: '7.2.22', isolation: 'emulated' as const },
      ...{ message: 'It is not installed.', facts: [], machines: 3 },
    };
    expect(backendTitle(qemu)).toBe('QEMU 7.2.22');
    expect(backendTitle({ ...qemu, version: null })).toBe('QEMU');
    expect(backendLine(qemu)).toBe('3 machines now');
    expect(backendLine({ ...qemu, machines: 0 })).toBe('No machines now');
    expect(backendLine({ ...qemu, reachable: false })).toBe('It is not installed.');
  });
  it('finds the log’s path, commas in it and all', () => {
    expect(logPath(check('log', 'ok', '/home/a, b/logs/wheelhouse.log, 1.2 MB.'))).toBe(
      '/home/a, b/logs/wheelhouse.log',
    );
    expect(logPath(check('log', 'off', 'Written to standard error, not to a file.'))).toBeNull();
    expect(logPath(check('store', 'ok', '/x, 1.2 MB.'))).toBeNull();
  });
});
