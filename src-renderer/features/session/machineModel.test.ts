import { poolDefaults, type Pool } from '@shared/pool';
import { describe, expect, it } from 'vitest';
import { at, session } from '../gallery/fixtures';
import { machineWords, plainLine } from './machineModel';

const machine = { backend: 'qemu' as const, checkpoints: true, guestAgent: true, consoleLog: true };
const pool = (message: string): Pool => ({
  ...poolDefaults,
  backend: 'qemu',
  id: 'p',
  displayName: 'p',
  createdAt: at(1),
  observed: {
    machines: { creating: 0, starting: 0, ready: 0, leased: 1, resetting: 0, quarantined: 0 },
    conditions: [{ type: 'Backend', status: 'True', reason: 'Healthy', message, since: at(1) }],
  },
});

describe('machineWords', () => {
  it('says emulated only where the pool’s condition does', () => {
    expect(machineWords(session({ machine }), pool('QEMU 7.2 emulates the processor'))).toBe('QEMU machine, emulated');
    expect(machineWords(session({ machine }), pool('QEMU 7.2 on KVM'))).toBe('QEMU machine');
    expect(machineWords(session({ machine: { ...machine, backend: 'docker' } }), pool('emulated'))).toBe(
      'Docker container',
    );
    expect(machineWords(session({ machine: null }), undefined)).toBe('');
  });
});

describe('plainLine', () => {
  it('leaves text and takes what is not for a reader', () => {
    expect(plainLine('\u001b[1;31mpanic\u001b[0m: <b>not</b>\ttabs stay\u0007')).toBe('panic: <b>not</b>\ttabs stay');
    expect(plainLine('\u001b]0;title\u0007text')).toBe('text');
    expect(plainLine('a\u202eb')).toBe('ab');
  });
});
