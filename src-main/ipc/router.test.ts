import { describe, expect, it } from 'vitest';
import { requestNames } from '@shared/ipcNames';
import { WheelhouseError } from '../base/errors';
import { countingIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { createRouter, type Handlers } from './router';

const handlers = Object.fromEntries(requestNames.map((name) => [name, () => name])) as unknown as Handlers;
const dispatch = (changes: Partial<Handlers> = {}) =>
  createRouter({ ...handlers, ...changes }, { logger: silentLogger, ids: countingIds() });

describe('the IPC router', () => {
  it('answers a known request', async () => {
    expect(await dispatch()('pools.list', {})).toEqual({ ok: true, value: 'pools.list' });
  });

  it.each([['nope'], ['__proto__'], ['toString'], [undefined], [{}]])('refuses the name %j', async (name) => {
    const answer = await dispatch()(name, {});
    expect(answer).toMatchObject({ ok: false, error: { error: { code: 'bad_request' } } });
  });

  it('refuses an input of the wrong shape and says where', async () => {
    const answer = await dispatch()('sessions.get', { sessionId: '../etc' });
    expect(answer).toMatchObject({
      ok: false,
      error: { error: { code: 'bad_request', details: [{ path: 'sessionId' }] } },
    });
  });

  it('keeps the code of our own errors and hides what others say', async () => {
    const known = dispatch({
      'pools.list': () => {
        throw new WheelhouseError('not_found', 'No such pool.', { id: 'x' });
      },
    });
    expect(await known('pools.list', {})).toMatchObject({
      ok: false,
      error: { error: { code: 'not_found', additionalInfo: { id: 'x' } } },
    });
    const unknown = dispatch({
      'pools.list': () => {
        throw new Error('the password is hunter2');
      },
    });
    const answer = await unknown('pools.list', {});
    expect(answer).toMatchObject({ ok: false, error: { error: { code: 'internal' } } });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  });
});
