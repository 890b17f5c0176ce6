import { expect, it } from 'vitest';
import { FakeClock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import { systemIds } from '../base/ids';
import { createTickets } from './tickets';

const grant = { sessionId: 's_1', operator: 'ada', mode: 'view' as const };

it('opens one screen, once, within 30 seconds', () => {
  const clock = new FakeClock();
  const tickets = createTickets({ clock, ids: systemIds });
  const first = tickets.issue(grant);
  expect(Date.parse(first.expiresAt) - clock.now()).toBe(30_000);
  expect(tickets.redeem(first.ticket)).toEqual(grant);
  expect(() => tickets.redeem(first.ticket)).toThrow(WheelhouseError);
  const second = tickets.issue(grant);
  clock.advance(29_999);
  expect(tickets.redeem(second.ticket)).toEqual(grant);
  const third = tickets.issue(grant);
  clock.advance(30_000);
  expect(() => tickets.redeem(third.ticket)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  expect(() => tickets.redeem('made up')).toThrow(expect.objectContaining({ code: 'unauthorized' }));
});

it('expires while the computer sleeps, when only the wall clock moves', () => {
  const clock = new FakeClock();
  const asleep = { ...clock, now: () => clock.now(), monotonic: () => 0, after: () => () => {} };
  const tickets = createTickets({ clock: asleep, ids: systemIds });
  const { ticket } = tickets.issue(grant);
  clock.advance(60_000);
  expect(() => tickets.redeem(ticket)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
});

it('keeps a bounded number', () => {
  const tickets = createTickets({ clock: new FakeClock(), ids: systemIds });
  for (let i = 0; i < 1_000; i++) tickets.issue(grant);
  expect(() => tickets.issue(grant)).toThrow(expect.objectContaining({ code: 'too_many' }));
});
