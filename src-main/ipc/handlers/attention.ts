import type { Handlers } from '../router';
import type { Rooms } from '../rooms';

export const attentionHandlers = ({ attention, operator }: Rooms) =>
  ({
    'attention.list': () => attention.list(),
    'attention.answer': ({ id, answer }) => attention.answer(id, operator.name, answer),
  }) satisfies Partial<Handlers>;
