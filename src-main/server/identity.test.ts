import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FakeClock } from '../base/clock';
import { systemIds } from '../base/ids';
import { openDatabase } from '../store/database';
import { tokenStore } from '../store/tokens';
import { createIdentity } from './identity';

const make = (file = ':memory:') => {
  const db = openDatabase(file);
  const clock = new FakeClock();
  const accepted: string[] = [];
  const tokens = tokenStore(db);
  const identity = createIdentity({ tokens, clock, ids: systemIds, onAccepted: (id) => accepted.push(id) });
  return { db, clock, tokens, identity, accepted };
};

it('knows a token by its secret, and nothing like it', () => {
  const { identity } = make();
  const { secret, token } = identity.create({ name: 'robot', role: 'agent', pools: ['desktop'] });
  expect(secret).toMatch(/^whl_agent_[\w-]{43}$/);
  expect(identity.authenticate(secret)).toEqual({
    tokenId: token.tokenId,
    name: 'robot',
    role: 'agent',
    pools: ['desktop'],
  });
  for (const wrong of ['', 'x', secret.slice(0, -1), `${secret}A`, secret.replace('agent', 'admin'), `${secret}\n`]) {
    expect(identity.authenticate(wrong)).toBeNull();
  }
});

it('keeps no secret on disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wh-identity-'));
  const { identity, db } = make(join(folder, 'store.sqlite'));
  const { secret } = identity.create({ name: 'robot', role: 'admin' });
  const stored = readdirSync(folder).map((name) => readFileSync(join(folder, name)).toString('latin1'));
  expect(stored.join('')).toContain('robot');
  expect(stored.join('')).not.toContain(secret.slice('whl_admin_'.length));
  db.close();
  rmSync(folder, { recursive: true });
});

it('gives no agent the name of the person, whose sessions it would reach', () => {
  const { db } = make();
  const identity = createIdentity({ tokens: tokenStore(db), clock: new FakeClock(), ids: systemIds, ownName: 'kim' });
  expect(() => identity.create({ name: ' kim', role: 'agent' })).toThrow(/person at this computer/);
  expect(identity.create({ name: 'kim', role: 'operator' }).token.name).toBe('kim');
});

it('refuses a name in use and input that does not fit', () => {
  const { identity } = make();
  const { token } = identity.create({ name: 'robot', role: 'agent' });
  expect(() => identity.create({ name: ' robot ', role: 'operator' })).toThrow(/already/);
  expect(() => identity.create({ name: '', role: 'agent' })).toThrow();
  expect(() => identity.create({ name: 'x', role: 'king' as 'agent' })).toThrow();
  expect(() => identity.create({ name: 'x', role: 'agent', pools: ['../x'] })).toThrow();
  identity.withdraw(token.tokenId);
  expect(identity.stands(token.tokenId)).toBe(false);
  expect(() => identity.withdraw(token.tokenId)).toThrow(/no such token/);
  identity.create({ name: 'robot', role: 'agent' });
});

it('notes the first use once and the last use now and then', () => {
  const { identity, clock, tokens, accepted } = make();
  const { secret, token } = identity.create({ name: 'robot', role: 'agent' });
  identity.authenticate(secret);
  const first = tokens.get(token.tokenId)?.lastUsedAt;
  clock.advance(10_000);
  identity.authenticate(secret);
  expect(tokens.get(token.tokenId)?.lastUsedAt).toBe(first);
  clock.advance(60_000);
  identity.authenticate(secret);
  expect(tokens.get(token.tokenId)?.lastUsedAt).not.toBe(first);
  expect(accepted).toEqual([token.tokenId]);
  expect(tokens.progress(token.tokenId).acceptedAt).toBe(first);
});

it('has tokens of this process alone', () => {
  const { identity, tokens } = make();
  const made = identity.createEphemeral('ann', 'admin');
  const caller = identity.authenticate(made.secret);
  expect(caller).toMatchObject({ name: 'ann', role: 'admin', pools: [] });
  expect(identity.stands(caller!.tokenId)).toBe(true);
  expect([tokens.list(), identity.list()]).toEqual([[], []]);
  made.withdraw();
  expect(identity.authenticate(made.secret)).toBeNull();
  expect(identity.stands(caller!.tokenId)).toBe(false);
});
