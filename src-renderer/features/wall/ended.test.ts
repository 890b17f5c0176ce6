import { describe, expect, it } from 'vitest';
import { at, now, session } from '../gallery/fixtures';
import { moment } from '../../lib/clock';
import { endedSessions, lived } from './ended';

const over = session({
  sessionId: 'over-1234',
  name: 'Stock count',
  status: 'expired',
  endedAt: at(60),
  reason: 'It was idle',
});

describe('ended sessions', () => {
  it('are those that are over and match every word', () => {
    const pages = [{ data: [session(), over] }, { data: [] }];
    expect(endedSessions(pages, '')).toEqual([over]);
    expect(endedSessions(pages, 'stock idle')).toEqual([over]);
    expect(endedSessions(pages, 'stock refund')).toEqual([]);
  });
  it('say how long they lived and when they ended', () => {
    expect(lived(over)).toBe('23 min 0 s');
    expect(lived(session())).toBe('');
    expect(moment(new Date(now).toISOString(), now)).toMatch(/^\d\d:\d\d$/);
    expect(moment(at(3 * 86_400), now)).toMatch(/^17 Nov, \d\d:\d\d$/);
  });
});
