import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usageReportSchema } from '@shared/usage';
import { parseText } from '../metrics/testing';
import { startServer, type RunningServer } from './index';
import { rawRequest } from './testing/client';
import { fakeServices, fakeSession } from './testing/fakeServices';

let rooms: ReturnType<typeof fakeServices>;
let server: RunningServer;
let tokens: Record<'agent' | 'operator' | 'admin', string>;
beforeEach(async () => {
  rooms = fakeServices();
  tokens = { agent: rooms.token('agent'), operator: rooms.token('operator'), admin: rooms.token('admin') };
  server = await startServer({ port: 0, services: rooms.services });
  const bySomebody = { ...fakeSession('s-0000001', '=clerk'), name: '=1+1' };
  rooms.live.emit(bySomebody);
  rooms.callOf(bySomebody.sessionId)();
});
afterEach(() => server.close());

const get = (path: string, role: 'agent' | 'operator' | 'admin' | null, headers: Record<string, string> = {}) =>
  rawRequest(server.url + path, {
    headers: {
      host: `127.0.0.1:${server.port}`,
      ...(role ? { authorization: `Bearer ${tokens[role]}` } : {}),
      ...headers,
    },
  });

describe('GET /api/usage', () => {
  it('answers operators, by group, in JSON that fits its schema', async () => {
    const answer = await get('/api/usage?by=caller', 'operator');
    const report = usageReportSchema.parse(answer.json);
    expect(report).toMatchObject({ by: 'caller', rows: [{ key: '=clerk', calls: 1, sessions: 1 }], truncated: false });
    expect((await get('/api/usage', 'agent')).status).toBe(403);
    expect((await get('/api/usage', null)).status).toBe(401);
  });

  it.each([
    ['/api/usage?format=csv', {}],
    ['/api/usage', { accept: 'text/csv' }],
    ['/api/usage', { accept: 'text/csv, application/json;q=0.5' }],
  ])('answers %s %j with a CSV file that runs no formula', async (path, headers) => {
    const answer = await get(path, 'admin', headers);
    expect(answer.headers['content-type']).toMatch(/^text\/csv/);
    expect(answer.headers['content-disposition']).toMatch(
      /^attachment; filename="wheelhouse-usage-session-\d{4}-\d\d-\d\d\.csv"$/,
    );
    expect(answer.text).toMatch(/^session,name,pool_id,caller,/);
    expect(answer.text).toMatch(/\r\ns-0000001,s-0000001,desktop,"'=clerk",1,1,/);
  });

  it('refuses what makes no sense', async () => {
    for (const query of ['by=planet', 'from=yesterday', 'format=xls', 'from=2026-02-02&to=2026-02-01', 'more=1'])
      expect((await get(`/api/usage?${query}`, 'operator')).json.error.code).toBe('bad_request');
    expect((await get('/api/usage', 'operator', { accept: 'application/json, text/csv' })).json.by).toBe('session');
  });
});

describe('GET /metrics', () => {
  it('answers operators in Prometheus’ text', async () => {
    const answer = await get('/metrics', 'operator');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(parseText(answer.text).get('wheelhouse_queue_depth{pool="desktop"}')).toBe(0);
    expect((await get('/metrics', 'agent')).status).toBe(403);
    expect((await get('/metrics', null)).status).toBe(401);
  });
});
