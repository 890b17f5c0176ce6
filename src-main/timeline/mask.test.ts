import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskWords, secretsIn } from './maskWords';
import { isSecretName, maskArguments, masked, maskText } from './mask';

const canary = 'hunter2-Zq9';

describe('names', () => {
  it.each([
    'password',
    'newPassword',
    'api_key',
    'apiKey',
    'accessToken',
    'client-secret',
    'code',
    'one_time_code',
    'PIN',
  ])('takes %s for a secret', (name) => expect(isSecretName(name)).toBe(true));
  it.each(['text', 'keys', 'sessionId', 'tokenId', 'monkey', 'maxCount', 'command', 'keyboard', 'description', 'x'])(
    'takes %s for none',
    (name) => expect(isSecretName(name)).toBe(false),
  );
  it('masks below, whatever the type, and leaves the rest', () => {
    const args = {
      a: [{ user: 'mara', password: canary, n: 4 }],
      otp: 123456,
      code: '918273',
      flag: { token: [canary] },
    };
    expect(maskArguments(args)).toEqual({
      a: [{ user: 'mara', password: masked, n: 4 }],
      otp: masked,
      code: masked,
      flag: { token: masked },
    });
  });
  it('reads code with white space as a program', () => {
    expect(maskArguments({ code: 'print(1)\nx = 2' })).toEqual({ code: 'print(1)\nx = 2' });
    expect(maskArguments({ code: `password = "${canary}"\n` })).toEqual({ code: `password = ${masked}\n` });
  });
});

describe('text', () => {
  it.each([
    `curl -H "Authorization: Bearer ${canary}" https://a.example`,
    `curl https://mara:${canary}@a.example/x`,
    `git clone https://${canary}@git.example/x.git`,
    `open https://a.example/cb?x=1&access_token=${canary}&y=2`,
    `mytool --password ${canary} --verbose`,
    `mytool --password=${canary}`,
    `mytool --token '${canary} with blanks'`,
    `export DB_PASSWORD=${canary}; run`,
    `{"password": "${canary}", "user": "mara"}`,
    `login password: ${canary}`,
    `sshpass -p ${canary} ssh host`,
    `curl -u mara:${canary} https://a.example`,
    `Cookie: sid=${canary}`,
    `-----BEGIN RSA PRIVATE KEY-----\n${canary}\n-----END RSA PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\n${canary}`,
  ])('cuts the secret out of %s', (text) => {
    expect(maskText(text)).toContain(masked);
    expect(maskText(text)).not.toContain(canary);
  });
  it.each([
    'sk-proj-abcdefghijklmnop1234',
    'ghp_0123456789abcdefABCDEF0123456789abcd',
    'AKIAIOSFODNN7EXAMPLE',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123_-x',
    'Zk3vQ8xR1mT6yB0nL5pW9sD2fG7hJ4kCqE8uA1oI3zX',
  ])('knows the key %s by its look', (key) => expect(maskText(`use ${key} now`)).toBe(`use ${masked} now`));
  it.each([
    'Hello, world',
    'héllo 漢字 Привет 😀',
    'ls -la /home/session/reports && python3 tally.py --month 11',
    'https://orders.example/orders?status=refund&page=2',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    'mail mara@hollis.example about order 48213',
  ])('leaves %s alone', (text) => expect(maskText(text)).toBe(text));

  it('masks before it cuts, and bounds what is stored', () => {
    const key = 'sk-proj-abcdefghijklmnop1234';
    const stored = maskArguments({ text: `${'a '.repeat(4090)}${key}` });
    expect(JSON.stringify(stored)).not.toContain('sk-proj');
    const huge = maskArguments({ data: 'b'.repeat(5_000_000), list: Array.from({ length: 5000 }, (_, i) => i) });
    expect(JSON.stringify(huge).length).toBeLessThan(20_000);
    let deep: Record<string, unknown> = { password: canary };
    for (let i = 0; i < 50; i++) deep = { deep };
    expect(JSON.stringify(maskArguments(deep))).not.toContain(canary);
  });
  it('drops a key that the cut goes through', () => {
    const text = `${'Bearer abcdefghijkl '.repeat(818)}     sk-proj-abcdefghijklmnop1234`;
    expect(text.length).toBeGreaterThan(16_384);
    expect(maskText(text)).not.toContain('sk-proj');
  });
  it.each(['a-', '-', 'a.', 'a://', 'curl ', 'curl -u ', '?a', 'mysql ', 'password', 'cookie:', 'Bearer '])(
    'gets through 4 MiB of %s',
    (part) => expect(maskText(part.repeat((4 << 20) / part.length)).length).toBeLessThan(20_000),
  );
  it('never lets a named secret through, wherever it hangs, and never throws', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 4 }), fc.constantFrom('password', 'apiKey', 'secret'), (tree, name) => {
        const stored = maskArguments({ ...tree, [name]: canary, list: [tree, { [name]: { deeper: canary } }] });
        return !JSON.stringify(stored).includes(canary);
      }),
      { numRuns: 500 },
    );
  });
  it('keeps a member called __proto__ a member', () => {
    const stored = maskArguments(JSON.parse('{"__proto__": {"polluted": true}}') as Record<string, unknown>);
    expect(Object.getPrototypeOf(stored)).toBe(Object.prototype);
    expect(JSON.stringify(stored)).toContain('polluted');
  });
});

describe('words made from arguments', () => {
  const key = 'Zk3vQ8xR1mT6yB0nL5pW9sD2fG7hJ4kCqE8uA1oI3zX';
  const command = `deploy --to production --token ${canary} ${key}`;
  it.each([
    [{ text: key }, `Typed **${key.slice(0, 20)}…**`],
    [{ command }, `Ran \`${command.slice(0, 40)}…\``],
    [{ command }, `Ran \`${command.slice(0, 62)}…\``],
    [{ fields: [{ name: 'x', password: canary }] }, `Filled **${canary}**`],
    [{ url: `https://mara:${canary}@a.example` }, `Opened **mara:${canary.slice(0, 8)}…**`],
  ])('lose the halves of secrets: %j', (args, words) => {
    const stored = maskWords(words, secretsIn(args));
    expect(stored).toContain(masked);
    for (const secret of [canary, key]) expect(stored).not.toContain(secret.slice(0, 6));
  });
  it('stay as they are without any', () => {
    const args = { x: 1, text: 'Hello, world', command: 'python3 tally.py --month 11' };
    expect(secretsIn(args)).toEqual([]);
    expect(maskWords('Ran `python3 tally.py`', [])).toBe('Ran `python3 tally.py`');
  });
});
