/**
 * Cuts secrets out of what is about to be stored. Masking after saving would leave them in the database's pages and
 * its log, so this runs first, on every argument, word and message. It knows secrets by the name they go under and by
 * their look; a plain word typed into a password field looks like any other and can't be known here.
 */
export const masked = '[masked]';

const maxString = 8192;
/** Text past this is not even looked at; hostile text must not hold the loop, so every pattern is bounded as well. */
const maxLook = 16_384;
const maxDepth = 12;
const maxItems = 1000;

const secretWords = new Set([
  ...['password', 'passwd', 'passphrase', 'passcode', 'pwd', 'secret', 'secrets', 'token', 'credential', 'credentials'],
  ...['authorization', 'cookie', 'cookies', 'otp', 'totp', 'pin', 'cvv', 'cvc', 'apikey', 'code'],
]);
const secretPairs = new Set(['api key', 'private key', 'access key', 'secret key', 'auth key', 'encryption key']);
const programSource = /[\n\s]/;

const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);

/** Whether an argument of this name holds a secret: `accessToken`, `api_key`, `one-time-code`. Ids are not secrets. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  if (words.at(-1) === 'id') return false;
  return words.some((word, i) => secretWords.has(word) || secretPairs.has(`${words[i - 1]} ${word}`));
}

const named =
  '(?:[\\w-]{0,40}(?:passw(?:or)?d|passphrase|passcode|secret|token|api[_-]?key|access[_-]?key|credential)[\\w-]{0,40}|pwd|otp|pin)';
const quoted = `"[^"]*"|'[^']*'`;

const rules: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, masked],
  [/\b(authorization\s*[:=]\s*["']?)(?:basic|bearer|digest|token)?\s*[^\s"',;]+/gi, `$1${masked}`],
  [/\b(bearer\s+)[\w\-.~+/]{6,}=*/gi, `$1${masked}`],
  [/\b((?:set-)?cookie\s*:\s*)[^\r\n"']+/gi, `$1${masked}`],
  // scheme://user:password@host; also a lone user part, which is where tokens are put
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@"'<>]{1,512}@/gi, `$1${masked}@`],
  [
    /([?&#](?:[\w-]{0,40}(?:token|secret|password|passwd|api_?key|signature|sig|code|auth)[\w-]{0,40})=)[^&\s"'#]+/gi,
    `$1${masked}`,
  ],
  // --password value, --token=value, PASSWORD=value, "password": "value", password: value
  [new RegExp(`(--?${named}(?:\\s+|=))(?:${quoted}|[^\\s"'-][^\\s]*)`, 'gi'), `$1${masked}`],
  [new RegExp(`\\b(${named}["']?\\s*[=:]\\s*)(?:${quoted}|[^\\s"',;&}]+)`, 'gi'), `$1${masked}`],
  [
    /\b(sshpass\s+-p\s*|curl\s[^|;\n]{0,300}?(?:-u|--user)\s{1,8}[^\s:]{1,100}:|mysql\s[^|;\n]{0,300}?-p)(?:"[^"]*"|'[^']*'|\S+)/gi,
    `$1${masked}`,
  ],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, masked],
  [
    /\b(?:(?:sk|pk|rk|glpat|xox[abeprs])[-_]|(?:gh[oprsu]|github_pat|npm|pypi|hf|whsec|shpat)_)(?=[\w-]{0,60}\d)[\w-]{10,}/g,
    masked,
  ],
  [/\b(?:AKIA|ASIA|AROA)[A-Z0-9]{16}\b/g, masked],
  [/\bAIza[\w-]{30,}/g, masked],
];

/** A run that nobody says or reads: 32 and more of letters in both cases and digits. Hashes in lower hex pass. */
const dense = /[A-Za-z0-9_+-]{32,}={0,2}/g;
const looksRandom = (run: string): boolean =>
  /[a-z]/.test(run) && /[A-Z]/.test(run) && (run.match(/[0-9]/g)?.length ?? 0) >= 3;

/** The same text without what looks like a secret; longer than 16,384 characters it ends there, with its length said. */
export function maskText(text: string): string {
  if (text.length > maxLook) return `${maskText(head(text))}… (${text.length} characters)`;
  let result = text;
  for (const [pattern, replacement] of rules) result = result.replace(pattern, replacement);
  return result.replace(dense, (run) => (looksRandom(run) ? masked : run));
}

/** The part that is looked at, without the word that the cut went through: half a key is not known for one. */
const head = (text: string): string => text.slice(0, maxLook).replace(/\S{1,512}$/, '');

const cut = (text: string): string =>
  text.length > maxString ? `${text.slice(0, maxString)}… (${text.length} characters)` : text;

/**
 * A copy that may be stored: secrets masked, strings cut after 8,192 characters, lists after 1,000 members, depth
 * after 12. Masked before cut, so that half a key does not slip through.
 */
export function maskArguments(args: Record<string, unknown>): Record<string, unknown> {
  return maskMembers(args, 0);
}

function maskMembers(members: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(members).slice(0, maxItems);
  return Object.fromEntries(entries.map(([key, value]) => [cut(maskText(key)), maskNamed(key, value, depth)]));
}

function maskNamed(name: string, value: unknown, depth: number): unknown {
  if (!isSecretName(name) || value === null || value === undefined || typeof value === 'boolean') {
    return maskValue(value, depth + 1);
  }
  // `code` is also what a program is called: with white space in it, it is looked at like any text
  if (wordsOf(name).join(' ') === 'code' && typeof value === 'string' && programSource.test(value)) {
    return maskValue(value, depth + 1);
  }
  return masked;
}

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(maskText(value));
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (depth > maxDepth) return '[cut]';
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => maskValue(item, depth + 1));
  return maskMembers(value, depth);
}
