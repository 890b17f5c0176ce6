import type { Diagnostics } from './diagnostics';

const marks = { ok: 'ok', warning: 'note', failed: 'FAILED', off: 'off' } as const;

/** Tokens, tickets and the passwords of addresses, wherever words that came from outside carried them in. */
const secrets = [/\bwhl_[a-z]+_[\w-]+/g, /(?<=:\/\/)[^/@\s]+(?=@)/g, /(?<=[?&](?:ticket|token)=)[^&\s]+/g];
const clean = (text: string): string =>
  secrets.reduce((cleaned, secret) => cleaned.replace(secret, '[cut]'), text).replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');

/** The whole look as text, to send along with a question: no tokens and no secrets. Pure. */
export function diagnosticsReport({ at, checks, backends }: Diagnostics): string {
  const lines = checks.flatMap(({ name, state, words, fix }) => [
    `${marks[state].padEnd(6)}  ${clean(name)}: ${clean(words)}`,
    ...(fix === null || state === 'ok' ? [] : [`        mend: ${clean(fix)}`]),
  ]);
  const facts = backends.flatMap((backend) => [
    '',
    `${backend.kind}${backend.version === null ? '' : ` ${clean(backend.version)}`}: ${backend.reachable ? `${backend.machines} machines` : 'not reachable'}`,
    ...backend.facts.map(({ name, words }) => `  ${clean(name)}: ${clean(words)}`),
  ]);
  return `${[`Wheelhouse diagnostics, ${at}`, '', ...lines, ...facts].join('\n')}\n`;
}
