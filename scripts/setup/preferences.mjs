import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDir } from '../lib/paths.mjs';

const file = join(cacheDir, 'setup.json');

/** What a person answered before; an unreadable file is no answer. */
export const readPreferences = () => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
};

export const remember = (answers) => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...readPreferences(), ...answers }, null, 2)}\n`);
};
