import { expect, it } from 'vitest';
import { createRelayPolicy } from './relayPolicy';

const rooms = () => {
  const waits: (() => void)[] = [];
  const told: string[] = [];
  let holder: string | null = null;
  const policy = createRelayPolicy({
    control: {
      holds: (_session, operator) => operator === holder,
      touched: () => void told.push('touched'),
      viewerOpened: (_session, operator) => void told.push(`opened ${operator}`),
      viewerClosed: (_session, operator, clean) => void told.push(`closed ${operator} ${clean}`),
    },
    broker: { touch: () => void told.push('activity') },
    human: { input: (_viewer, input) => void told.push(input.kind) },
    clock: { after: (_ms, run) => (waits.push(run), () => {}) },
  });
  return {
    policy,
    told,
    later: () => waits.splice(0).forEach((run) => run()),
    hold: (name: string | null) => (holder = name),
  };
};
const viewer = (viewerId: string, operator = 'ann') => ({ viewerId, sessionId: 's', operator });

it('lets input through only from an interactive viewer of the holder, at that instant', () => {
  const { policy, hold } = rooms();
  policy.interactive('v1');
  policy.interactive('v2');
  expect(policy.mayInput(viewer('v1'))).toBe(false);
  hold('ann');
  expect(policy.mayInput(viewer('v1'))).toBe(true);
  expect(policy.mayInput(viewer('v2', 'ben'))).toBe(false);
  expect(policy.mayInput(viewer('view-only'))).toBe(false);
  hold(null);
  expect(policy.mayInput(viewer('v1'))).toBe(false);
});

it('keeps control informed of interactive viewers alone', () => {
  const { policy, told } = rooms();
  policy.interactive('v1');
  for (const each of [viewer('v1'), viewer('looker')]) {
    policy.onOpened(each);
    policy.onClosed(each, false);
  }
  expect(told).toEqual(['opened ann', 'closed ann false']);
  expect(policy.mayInput(viewer('v1'))).toBe(false);
});

it('counts a person’s input as activity, and puts it on record', () => {
  const { policy, told } = rooms();
  policy.onInput(viewer('v1'), { kind: 'keys', count: 1 });
  expect(told).toEqual(['touched', 'activity', 'keys']);
});

it('takes nobody for gone whom we cut off ourselves, until they had time to come back', () => {
  const { policy, told, later } = rooms();
  policy.interactive('v1');
  policy.onOpened(viewer('v1'));
  const over = policy.cutOff('s');
  policy.onClosed(viewer('v1'), false);
  over();
  policy.interactive('v2');
  policy.onOpened(viewer('v2'));
  expect(told).toEqual(['opened ann', 'opened ann']);
  later();
  expect(told).toEqual(['opened ann', 'opened ann', 'closed ann false']);
  policy.onClosed(viewer('v2'), true);
  expect(told.at(-1)).toBe('closed ann true');
});
