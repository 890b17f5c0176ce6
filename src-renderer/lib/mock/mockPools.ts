import type { Condition, Pool } from '@shared/pool';
import { ago } from './mockData';

const condition = (
  type: Condition['type'],
  status: Condition['status'],
  reason: Condition['reason'],
  message: string,
  seconds = 4000,
): Condition => ({ type, status, reason, message, since: ago(seconds) });

export const pools: Pool[] = [
  pool('office-docker', { creating: 0, starting: 1, ready: 4, leased: 8, resetting: 1, quarantined: 2 }, [
    condition('Ready', 'True', 'Healthy', '4 warm machines wait to be handed out.'),
    condition('Warm', 'False', 'Replenishing', '1 machine starts. Nothing to do.', 20),
    condition(
      'Backend',
      'True',
      'MachineQuarantined',
      'office-docker-07: its in-guest agent gave no answer for 42 s. It was replaced. Destroy it when you have looked.',
      180,
    ),
    condition('Image', 'True', 'Healthy', 'desktop is built and in use.'),
  ]),
  {
    ...pool('research', { creating: 0, starting: 0, ready: 2, leased: 4, resetting: 0, quarantined: 0 }, [
      condition('Ready', 'True', 'Healthy', '2 warm machines wait to be handed out.', 9000),
      condition('Backend', 'True', 'Healthy', 'QEMU 7.2 answers. It emulates the processor: it works, slower.', 9000),
    ]),
    description: 'Reading and comparing, nothing is bought here',
    backend: 'qemu',
    checkpoints: { beforeTakeover: true, beforeCommands: false, keep: 6 },
    assignments: ['Claude Code, laptop'],
  },
  {
    ...pool('clean-room', { creating: 1, starting: 0, ready: 0, leased: 0, resetting: 0, quarantined: 0 }, [
      condition(
        'Ready',
        'False',
        'Preparing',
        'The clean desktop is being saved. The first machine comes in about 40 s.',
        25,
      ),
      condition('Backend', 'True', 'Healthy', 'QEMU 7.2 answers. It emulates the processor: it works, slower.', 9000),
    ]),
    backend: 'qemu',
  },
  {
    ...pool('night-shift', { creating: 0, starting: 0, ready: 1, leased: 1, resetting: 0, quarantined: 0 }, [
      condition('Ready', 'True', 'Healthy', '1 warm machine waits to be handed out.', 9000),
      condition(
        'Warm',
        'False',
        'HostAtCapacity',
        '3 warm machines are wanted. All 24 machines that this computer may have are taken: raise its limit, or keep fewer warm.',
        240,
      ),
      condition(
        'Backend',
        'False',
        'CreateFailed',
        '4 machines in a row could not be made: no space left on the disk. The next try is in 3 min.',
        600,
      ),
    ]),
    description: 'Long jobs that wait for people; a session that nobody uses gives its machine back',
    warm: { minimum: 3, maximum: 12, freeze: true },
    idle: { policy: 'suspend', afterSeconds: 900 },
    home: { policy: 'keep', quotaMiB: 2048, expiresAfterDays: 30 },
    acquire: { screen: true, idleSeconds: { minimum: 300, maximum: 14_400 } },
  },
  {
    ...pool('macro-tests', { creating: 0, starting: 0, ready: 0, leased: 0, resetting: 0, quarantined: 0 }, [
      condition(
        'Backend',
        'False',
        'IsolationUnavailable',
        'This pool needs isolation, and QEMU emulates the processor here. Turn on virtualisation, or let the pool go without.',
        600,
      ),
    ]),
    backend: 'qemu',
    isolationRequired: true,
  },
];

function pool(name: string, machines: Pool['observed']['machines'], conditions: Condition[]): Pool {
  return {
    id: name,
    displayName: name,
    description: '',
    backend: 'docker',
    image: 'desktop',
    size: { cpus: 2, memoryMiB: 2048, width: 1280, height: 800 },
    warm: { minimum: 4, maximum: 20 },
    idle: { policy: 'release', afterSeconds: 1800 },
    home: { policy: 'none', quotaMiB: 1024, expiresAfterDays: 30 },
    network: { policy: 'none', allow: [] },
    checkpoints: { beforeTakeover: false, beforeCommands: false, keep: 6 },
    limits: { sessionsPerToken: null },
    acquire: { screen: false, idleSeconds: null },
    assignments: [],
    isolationRequired: false,
    paused: false,
    createdAt: ago(86_400),
    observed: { machines, conditions },
  };
}
