import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recipeDir } from './recipe.mjs';

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

describe('the shop-floor site', () => {
  const home = mkdtempSync(join(tmpdir(), 'shop-floor-'));
  let server;
  let url;
  const get = (path, headers = {}) => fetch(`${url}${path}`, { redirect: 'manual', headers });
  const signIn = (fields) =>
    fetch(`${url}/sign-in`, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) });

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    server = spawn(process.execPath, [join(recipeDir, 'shop/server.mjs')], {
      stdio: 'ignore',
      env: { ...process.env, HOME: home, SHOP_FLOOR_PORT: String(port) },
    });
    const deadline = Date.now() + 10_000;
    for (;;) {
      const up = await get('/healthz').catch(() => null);
      if (up) break;
      if (Date.now() > deadline) throw new Error('the site did not start');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  afterAll(() => {
    server?.kill();
    rmSync(home, { recursive: true, force: true });
  });

  it('shows page 1 to everybody and page 2 to nobody', async () => {
    expect(await (await get('/orders?page=1')).text()).toContain('Page 1 of 2, 22 orders');
    const second = await get('/orders?page=2', { cookie: `visitor=${'0'.repeat(32)}` });
    expect([second.status, second.headers.get('location')]).toEqual([302, '/sign-in?next=%2Forders%3Fpage%3D2']);
  });

  it('says that no code is set up while there is none', async () => {
    expect((await signIn({ code: '123456' })).status).toBe(503);
  });

  it('lets in whoever has the code, spaces or not, and nobody else', async () => {
    const salt = randomBytes(16);
    const sha256 = createHash('sha256').update(salt).update('482913').digest('hex');
    mkdirSync(join(home, '.shop-floor'));
    writeFileSync(join(home, '.shop-floor/code.json'), JSON.stringify({ salt: salt.toString('hex'), sha256 }));
    expect((await signIn({ code: '482914' })).status).toBe(403);
    expect((await signIn({ code: '48291' })).status).toBe(400);
    expect((await signIn({ code: 'abcdef' })).status).toBe(400);
    expect((await signIn({})).status).toBe(400);
    const right = await signIn({ code: '482 913', next: '/orders?page=2' });
    expect([right.status, right.headers.get('location')]).toEqual([303, '/orders?page=2']);
    const cookie = right.headers.get('set-cookie').split(';')[0];
    expect(await (await get('/orders?page=2', { cookie })).text()).toContain('Page 2 of 2, 22 orders');
  });

  it('sends nobody elsewhere, whatever the form says', async () => {
    const answer = await signIn({ code: '482913', next: 'https://example.com/' });
    expect(answer.headers.get('location')).toBe('/orders?page=1');
    expect(await (await get('/sign-in?next=%22%3E%3Cscript%3E')).text()).not.toContain('<script>');
  });

  it('refuses long forms, other methods and unknown pages', async () => {
    expect((await signIn({ code: '1'.repeat(5000) })).status).toBe(413);
    expect((await fetch(`${url}/orders`, { method: 'DELETE' })).status).toBe(405);
    expect((await get('/orders?page=3')).status).toBe(404);
    expect((await get('/../etc/passwd')).status).toBe(404);
  });
});
