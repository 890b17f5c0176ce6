import { z } from 'zod';
import { idSchema } from './ids';
import { LinkProtocolError } from './linkFrames';

/**
 * How each connection of the link begins. Both ends hold the machine's secret and neither says it:
 *
 *   broker → guest   hello      version, purpose, machine, nonce
 *   guest  → broker  challenge  nonce, HMAC-SHA-256 over ("guest", all of the above)
 *   broker → guest   proof      HMAC-SHA-256 over ("broker", all of the above)
 *   guest  → broker  welcome    the agent's boot id; or refused, with a reason
 *
 * The side's name inside the text keeps one end's proof from being played back as the other's; both nonces and the
 * purpose keep a proof from serving any other connection.
 */
export const linkVersion = 1;
export const linkPurposes = ['calls', 'rfb', 'terminal'] as const;
export type LinkPurpose = (typeof linkPurposes)[number];

export const linkRefusals = [
  'wrong_version',
  'wrong_machine',
  'wrong_proof',
  'not_supported',
  'screen_not_ready',
  'too_many',
] as const;
export type LinkRefusal = (typeof linkRefusals)[number];

/** 256 bits in base64url without padding: nonces and MACs. */
const bits256 = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export const helloSchema = z.object({
  kind: z.literal('hello'),
  version: z.int(),
  purpose: z.enum(linkPurposes),
  machineId: idSchema,
  nonce: bits256,
});
export type Hello = z.infer<typeof helloSchema>;
const refusedSchema = z.object({ kind: z.literal('refused'), reason: z.enum(linkRefusals) });
const challengeSchema = z.object({ kind: z.literal('challenge'), nonce: bits256, proof: bits256 });
export const proofSchema = z.object({ kind: z.literal('proof'), proof: bits256 });
const welcomeSchema = z.object({ kind: z.literal('welcome'), bootId: z.string().min(1).max(128) });
const challengeAnswerSchema = z.discriminatedUnion('kind', [challengeSchema, refusedSchema]);
const welcomeAnswerSchema = z.discriminatedUnion('kind', [welcomeSchema, refusedSchema]);

/** What the handshake needs of the runtime; `same` compares in constant time. */
export interface LinkCrypto {
  nonce(): string;
  mac(secret: string, text: string): string;
  same(left: string, right: string): boolean;
}

/** The peer is not the machine (or the broker) it should be. */
export class LinkIdentityError extends Error {
  constructor(readonly reason: LinkRefusal | 'wrong_identity') {
    super(`The link was refused: ${reason.replaceAll('_', ' ')}.`);
    this.name = 'LinkIdentityError';
  }
}

const proofText = (side: 'guest' | 'broker', hello: Hello, guestNonce: string): string =>
  ['wheelhouse-link', hello.version, side, hello.purpose, hello.machineId, hello.nonce, guestNonce].join('\n');

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new LinkProtocolError('A message of the handshake has the wrong shape.');
  return parsed.data;
}

export const makeHello = (crypto: LinkCrypto, machineId: string, purpose: LinkPurpose): Hello => ({
  kind: 'hello',
  version: linkVersion,
  purpose,
  machineId,
  nonce: crypto.nonce(),
});

/** The guest's answer to a hello, and the proof it then expects. Throws LinkProtocolError or LinkIdentityError. */
export function makeChallenge(crypto: LinkCrypto, machine: { machineId: string; secret: string }, frame: unknown) {
  const hello = parse(helloSchema, frame);
  if (hello.version !== linkVersion) throw new LinkIdentityError('wrong_version');
  if (hello.machineId !== machine.machineId) throw new LinkIdentityError('wrong_machine');
  const nonce = crypto.nonce();
  return {
    hello,
    challenge: { kind: 'challenge', nonce, proof: crypto.mac(machine.secret, proofText('guest', hello, nonce)) },
    expected: crypto.mac(machine.secret, proofText('broker', hello, nonce)),
  };
}

/** Checks the guest's proof and gives the broker's. Throws LinkProtocolError or LinkIdentityError. */
export function answerChallenge(crypto: LinkCrypto, secret: string, hello: Hello, frame: unknown) {
  const answer = parse(challengeAnswerSchema, frame);
  if (answer.kind === 'refused') throw new LinkIdentityError(answer.reason);
  if (!crypto.same(answer.proof, crypto.mac(secret, proofText('guest', hello, answer.nonce)))) {
    throw new LinkIdentityError('wrong_identity');
  }
  return { kind: 'proof', proof: crypto.mac(secret, proofText('broker', hello, answer.nonce)) };
}

/** Throws LinkProtocolError, or LinkIdentityError when the proof is not the expected one. */
export function checkProof(crypto: LinkCrypto, expected: string, frame: unknown): void {
  if (!crypto.same(parse(proofSchema, frame).proof, expected)) throw new LinkIdentityError('wrong_proof');
}

/** The agent's boot id. Throws LinkProtocolError or LinkIdentityError. */
export function readWelcome(frame: unknown): { bootId: string } {
  const answer = parse(welcomeAnswerSchema, frame);
  if (answer.kind === 'refused') throw new LinkIdentityError(answer.reason);
  return { bootId: answer.bootId };
}
