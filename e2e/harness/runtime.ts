import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Electron that the set-up chose; it hands the folder over in the environment. */
export function electronBinary(): string {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(root, 'node_modules/electron/dist');
  const binary = join(folder, 'electron');
  if (!existsSync(binary)) {
    throw new Error(`There is no Electron in ${folder}. Run the tests by "npm test", which does the set-up first.`);
  }
  return binary;
}

/** As root Chromium has no sandbox of its own to give. */
export const rootFlags = (): string[] => (process.getuid?.() === 0 ? ['--no-sandbox'] : []);
