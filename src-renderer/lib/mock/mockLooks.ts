import type { Machine } from '@shared/pool';
import { frameHash } from './drawings';
import { refuse, type Handlers, type MockWorld } from './mockCheckpoints';
import { ago, machines, sceneOf } from './mockData';
import { consoleLog } from './mockHost';

const answers: Record<string, { output: string; exitCode: number }> = {
  'df -h': {
    output:
      'Filesystem      Size  Used Avail Use% Mounted on\noverlay         7.8G  7.8G     0 100% /\n/dev/vdb        2.0G  212M  1.8G  11% /home/agent\n',
    exitCode: 0,
  },
  uptime: { output: ' 14:26:08 up 42 min,  0 users,  load average: 3.41, 2.90, 1.77\n', exitCode: 0 },
};

/** A closer look at one machine; commands take a moment, `sleep` never comes back in time. */
export const lookHandlers = ({ push }: MockWorld) => {
  const find = (machineId: string): Machine => {
    const found = machines.find((each) => each.machineId === machineId);
    if (!found) throw refuse('not_found', 'No machine has this id.');
    return found;
  };
  return {
    'machines.look': ({ machineId }) => {
      const machine = find(machineId);
      const bad = machine.state === 'quarantined';
      const last = bad ? 'winter-catalogue' : machine.sessionId;
      const scene = last ? (sceneOf.get(last) ?? 'orders') : null;
      return {
        machine,
        state: machine.trouble === 'frozen' ? 'paused' : 'running',
        lastSessionId: last,
        frame: scene && frameHash(scene, 3),
        frameAt: scene && ago(bad ? 200 : 4),
        console: bad ? consoleLog(200, 6) : [],
        consoleError: bad ? null : 'This backend keeps no console of a machine that runs.',
        canRun: bad && machine.trouble !== 'frozen',
      };
    },
    'machines.run': async ({ machineId, command }) => {
      if (find(machineId).state !== 'quarantined')
        throw refuse('conflict', 'Commands run in quarantined machines only: this one is in use.');
      await new Promise((done) => setTimeout(done, 900));
      if (command.startsWith('sleep'))
        throw refuse('guest_timeout', 'The command took longer than 30 s and was ended.');
      const known = answers[command] ?? { output: `sh: 1: ${command.split(' ')[0]}: not found\n`, exitCode: 127 };
      return { ...known, truncated: false, durationMs: 41 };
    },
    'machines.keep': ({ machineId }) => {
      const machine = find(machineId);
      machine.keptUntil = ago(-3600);
      push('event', { event: 'machine', data: { ...machine } });
      return { ...machine };
    },
  } satisfies Partial<Handlers>;
};
