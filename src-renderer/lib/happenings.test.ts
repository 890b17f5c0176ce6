import { describe, expect, it } from 'vitest';
import { at, me, session } from '../features/gallery/fixtures';
import { controlHappening, sessionHappening } from './happenings';

const control = (patch: Parameters<typeof session>[1]) => session({}, patch).control;

describe('happenings', () => {
  it('tell changes of hands, not the steps between', () => {
    const agent = control({});
    const mine = control({ kind: 'human', holder: me });
    expect(controlHappening('Desk', agent, mine, me)).toBe('You took Desk');
    expect(controlHappening('Desk', agent, control({ kind: 'draining', holder: me }), me)).toBeNull();
    expect(
      controlHappening('Desk', control({ kind: 'human', holder: 'Mara K.' }), control({ kind: 'handback' }), me),
    ).toBe('Mara K. handed back Desk');
    expect(controlHappening('Desk', control({ kind: 'handback' }), agent, me)).toBeNull();
    expect(controlHappening('Desk', control({ kind: 'paused' }), control({ kind: 'handback' }), me)).toBe(
      'Desk goes on',
    );
    expect(controlHappening('Desk', mine, mine, me)).toBeNull();
    expect(controlHappening('Desk', agent, control({ kind: 'paused' }), me)).toBe('Desk paused');
  });
  it('tell beginnings and ends once', () => {
    const ended = session({ status: 'failed', endedAt: at(1) });
    expect(sessionHappening(undefined, session())).toBe('Refund batch 14 started');
    expect(sessionHappening(session(), ended)).toBe('Refund batch 14 failed');
    expect(sessionHappening(ended, ended)).toBeNull();
    expect(sessionHappening(session(), session())).toBeNull();
  });
  it('tell of a session that waits before it starts', () => {
    const waits = session({ status: 'queued' });
    expect(sessionHappening(undefined, waits)).toBe('Refund batch 14 waits for a machine');
    expect(sessionHappening(waits, waits)).toBeNull();
    expect(sessionHappening(waits, session())).toBe('Refund batch 14 started');
  });
  it('tell of a session that is put away and comes back', () => {
    const away = session({ status: 'idle', suspendedAt: at(60) });
    const coming = session({ status: 'acquiring', suspendedAt: at(60) });
    expect(sessionHappening(session(), away)).toBe('Refund batch 14 was suspended');
    expect(sessionHappening(away, coming)).toBeNull();
    expect(sessionHappening(coming, session())).toBe('Refund batch 14 was resumed');
    expect(sessionHappening(coming, away)).toBe('Refund batch 14 could not be resumed');
  });
});
