import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WheelhouseError } from '../../../base/errors';
import { guestNameSchema, guestSchema, ownPrefix, type Guest, type GuestInput } from './description';

/** A guest as it is now: its tag changes with its description and its files. */
export interface KnownGuest {
  guest: Guest;
  /** `own/NAME:DIGEST`: what a machine was made from, so that a pool replaces those of before a change. */
  tag: string;
}

/** Where the guests of a data folder are described, one file each. */
export const guestsFolder = (dataDir: string): string => join(dataDir, 'guests');

const fileOf = (folder: string, name: string): string => join(folder, `${name}.json`);

/** A description with its defaults. Throws bad_request with what is wrong, by field. */
export function readDescription(input: GuestInput): Guest {
  const parsed = guestSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const [first] = details;
  throw new WheelhouseError('bad_request', `${first?.path ? `${first.path}: ` : ''}${first?.message ?? ''}`, {
    details,
  });
}

/** Writes a description that was checked. Throws conflict when there is one of the name. */
export function saveGuest(folder: string, guest: Guest): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = fileOf(folder, guest.name);
  if (names(folder).includes(guest.name)) {
    throw new WheelhouseError('conflict', `There is a guest ${guest.name} already. Remove it first.`);
  }
  writeFileSync(`${file}.new`, `${JSON.stringify(guest, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Forgets a guest; its disk and ISO stay. Throws not_found. */
export function removeGuest(folder: string, name: string): void {
  if (!names(folder).includes(name)) throw new WheelhouseError('not_found', `There is no guest ${name}.`);
  rmSync(fileOf(folder, name), { force: true });
}

const names = (folder: string): string[] => {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .filter((name) => guestNameSchema.safeParse(name).success)
      .sort();
  } catch {
    return [];
  }
};

/** Every described guest; `problem` says why one can't be used. */
export function listGuests(folder: string): { name: string; known: KnownGuest | null; problem: string }[] {
  return names(folder).map((name) => {
    try {
      return { name, known: knownGuest(folder, name), problem: '' };
    } catch (error) {
      return { name, known: null, problem: (error as Error).message };
    }
  });
}

/** By `own/NAME` or by tag, which must still be its tag; null when there is none. */
export function findGuest(folder: string, image: string): KnownGuest | null {
  const [, name = '', digest] = /^own\/([a-z0-9-]+)(?::([0-9a-f]{12}))?$/.exec(image) ?? [];
  if (!names(folder).includes(name)) return null;
  try {
    const known = knownGuest(folder, name);
    return digest === undefined || known.tag === image ? known : null;
  } catch {
    return null;
  }
}

function knownGuest(folder: string, name: string): KnownGuest {
  let guest: Guest;
  try {
    guest = guestSchema.parse(JSON.parse(readFileSync(fileOf(folder, name), 'utf8')));
  } catch (error) {
    throw new WheelhouseError(
      'bad_request',
      `${fileOf(folder, name)} does not describe a guest.`,
      {},
      { cause: error },
    );
  }
  if (guest.name !== name)
    throw new WheelhouseError('bad_request', `${fileOf(folder, name)} is named otherwise inside.`);
  const hash = createHash('sha256').update(JSON.stringify(guest));
  for (const path of [guest.disk, guest.iso, guest.uefiVars]) {
    if (path === undefined) continue;
    const facts = statSync(path, { throwIfNoEntry: false });
    if (!facts?.isFile()) throw new WheelhouseError('image_missing', `${path} is not there any more.`);
    hash.update(JSON.stringify([facts.size, facts.mtimeMs, facts.ino]));
  }
  return { guest, tag: `${ownPrefix}${name}:${hash.digest('hex').slice(0, 12)}` };
}
