import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesWords, off, ok, type Check } from './diagnostic';

/** Bytes on disk of the files of a folder: a saved memory is sparse. Zero for what is not there. */
async function bytesBelow(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (found) => (found.isFile() ? found.blocks * 512 : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Pure. */
export function savedWords(saved: number, savedBytes: number, images: number, imageBytes: number) {
  if (images === 0 && saved === 0) return off('No machine image and no saved desktop.');
  const plural = (n: number, one: string) => `${n} ${one}${n === 1 ? '' : 's'}`;
  return ok(
    `${plural(saved, 'saved desktop')}, ${bytesWords(savedBytes)}; ${plural(images, 'machine image')}, ${bytesWords(imageBytes)}.`,
  );
}

const foldersIn = async (folder: string, fits: RegExp): Promise<number> =>
  (await readdir(folder).catch(() => [])).filter((name) => fits.test(name)).length;

/** What QEMU's images and saved desktops take of the disk. */
export const savedDesktopsCheck = (cacheDir: string): Check => ({
  id: 'saved',
  name: 'Saved desktops',
  async look() {
    const [images, saved] = [join(cacheDir, 'qemu'), join(cacheDir, 'qemu-saved')];
    return savedWords(
      await foldersIn(saved, /^[0-9a-f]{24}$/),
      await bytesBelow(saved),
      await foldersIn(images, /^[0-9a-f]{12}$/),
      await bytesBelow(images),
    );
  },
});
