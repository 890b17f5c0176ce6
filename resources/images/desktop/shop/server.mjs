// The shop-floor example: a few pages on the machine's own loopback. The code of the sign-in page is never on this
// machine; only its salted hash is, in codePath, written from outside.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ordersPage, problemPage, signInPage } from './pages.mjs';

const port = Number(process.env.SHOP_FLOOR_PORT ?? 8410);
const codePath = join(homedir(), '.shop-floor', 'code.json');
const style = readFileSync(new URL('./style.css', import.meta.url));
const visitors = new Set();

/** `{salt, sha256}`, both hexadecimal; sha256 is that of the salt's bytes followed by the six digits. */
const codeMatches = (digits) => {
  const { salt, sha256 } = JSON.parse(readFileSync(codePath, 'utf8'));
  const expected = Buffer.from(sha256, 'hex');
  const actual = createHash('sha256').update(Buffer.from(salt, 'hex')).update(digits).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
};

const signedIn = (request) => visitors.has(/(?:^|; )visitor=([0-9a-f]{32})/.exec(request.headers.cookie ?? '')?.[1]);
const safeNext = (next) => (/^\/orders\?page=\d$/.test(next ?? '') ? next : '/orders?page=1');

const send = (response, status, html, headers = {}) => {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', ...headers });
  response.end(html);
};

const signIn = (response, form) => {
  const next = safeNext(form.get('next'));
  const digits = (form.get('code') ?? '').replace(/\s/g, '');
  if (!/^\d{6}$/.test(digits)) return send(response, 400, signInPage(next, 'The code has six digits.'));
  let fits;
  try {
    fits = codeMatches(digits);
  } catch {
    return send(response, 503, signInPage(next, 'No code is set up on this computer yet.'));
  }
  if (!fits) return send(response, 403, signInPage(next, 'This is not the right code.'));
  const visitor = randomBytes(16).toString('hex');
  visitors.add(visitor);
  return send(response, 303, '', {
    location: next,
    'set-cookie': `visitor=${visitor}; HttpOnly; SameSite=Strict; Path=/`,
  });
};

const answer = async (request, response) => {
  const url = new URL(request.url, `http://127.0.0.1:${port}`);
  if (request.method === 'POST' && url.pathname === '/sign-in') {
    let body = '';
    for await (const part of request) {
      body += part;
      if (body.length > 4096)
        return send(response, 413, problemPage('Too long', 'The form is larger than this site takes.'));
    }
    return signIn(response, new URLSearchParams(body));
  }
  if (request.method !== 'GET') return send(response, 405, problemPage('Not here', 'This page can only be read.'));
  switch (url.pathname) {
    case '/':
      return send(response, 302, '', { location: '/orders?page=1' });
    case '/healthz':
      return send(response, 200, 'shop-floor');
    case '/style.css':
      return send(response, 200, style, { 'content-type': 'text/css' });
    case '/sign-in':
      return send(response, 200, signInPage(safeNext(url.searchParams.get('next')), null));
    case '/orders': {
      const page = Number(url.searchParams.get('page') ?? 1);
      if (page !== 1 && page !== 2) break;
      if (page === 2 && !signedIn(request))
        return send(response, 302, '', { location: '/sign-in?next=%2Forders%3Fpage%3D2' });
      return send(response, 200, ordersPage(page));
    }
  }
  return send(response, 404, problemPage('Not found', 'There is no such page here.'));
};

createServer((request, response) => {
  answer(request, response).catch(() => send(response, 500, problemPage('That failed', 'Try again.')));
}).listen(port, '127.0.0.1');
