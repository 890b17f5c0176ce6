import type { Command } from 'commander';
import type { ControlRequest, ControlState } from '@shared/control';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { fields, type Io } from '../output';

const words = (state: ControlState): string =>
  fields([
    ['control', state.kind],
    ['holder', state.holder],
    ...(state.kind === 'paused' ? [['paused by', state.pausedBy ?? null] as const] : []),
    ['since', state.since],
    ['epoch', state.epoch],
    ['lapses', state.lapsesAt],
  ]);

export function controlCommands(program: Command, io: Io): void {
  const control = program.command('control').description('who may act on a session’s machine');
  const path = (id: string) => `/api/sessions/${encodeURIComponent(id)}/control`;
  const act = async (id: string, options: CommonOptions, request: ControlRequest) =>
    answer(io, options, await clientOf(options).send<ControlState>('POST', path(id), request), words);

  common(control.command('show').argument('<session>')).action(async (id: string, options: CommonOptions) =>
    answer(io, options, await clientOf(options).get<ControlState>(path(id)), words),
  );
  common(control.command('take').argument('<session>').description('take the wheel from the agent'))
    .option('--force', 'also from another operator')
    .action((id: string, options: CommonOptions & { force?: boolean }) =>
      act(id, options, { action: 'take', ...(options.force ? { force: true } : {}) }),
    );
  common(control.command('release').argument('<session>').description('hand back to the agent'))
    .option('--note <text>', 'what the agent should know')
    .option('--paused', 'leave it paused instead')
    .action((id: string, options: CommonOptions & { note?: string; paused?: boolean }) =>
      act(id, options, {
        action: 'release',
        ...(options.note === undefined ? {} : { note: options.note }),
        ...(options.paused ? { leavePaused: true } : {}),
      }),
    );
}
