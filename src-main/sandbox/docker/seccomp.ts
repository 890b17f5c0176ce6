import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WheelhouseError } from '../../base/errors';

/**
 * The desktop's seccomp profile as text. It lies in `resources` at the project's root; this file is at different depths
 * below that root as source and as a bundle, so the folders above it are searched. Throws backend_unreachable.
 */
export function readSeccompProfile(from = fileURLToPath(import.meta.url)): string {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    try {
      const text = readFileSync(join(folder, 'resources/seccomp/desktop.json'), 'utf8');
      return JSON.stringify(JSON.parse(text));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || folder === dirname(folder)) {
        const words =
          'The seccomp profile resources/seccomp/desktop.json can’t be read: no machine is made without it.';
        throw new WheelhouseError('backend_unreachable', words, {}, { cause: error });
      }
    }
  }
}
