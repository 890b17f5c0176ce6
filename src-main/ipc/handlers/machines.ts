import type { Handlers } from '../router';
import type { Rooms } from '../rooms';

export const machineHandlers = ({ broker, operator }: Pick<Rooms, 'broker' | 'operator'>) =>
  ({
    'machines.look': ({ machineId }) => broker.machines.look(machineId),
    'machines.run': ({ machineId, command }) => broker.machines.run(machineId, command, operator.name),
    'machines.keep': ({ machineId }) => broker.machines.keep(machineId),
  }) satisfies Partial<Handlers>;
