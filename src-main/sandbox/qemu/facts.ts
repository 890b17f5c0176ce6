import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { assertNever } from '../../base/errors';
import type { Chosen } from './accelerator';
import type { QemuImage } from './image';
import type { Way } from './layout';
import { manifestSchema, savedNames, type SavedManifest } from './savedManifest';

/** What is known of the backend, for people who look at it. */
export interface Known {
  qemuVersion: string;
  chosen: Chosen;
  image: QemuImage | null;
  saved: { manifest: SavedManifest; diskBytes: number }[];
  /** How each machine that is there came up. */
  ways: readonly (Way | null)[];
  now: number;
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

/** `5 minutes ago`; at most the precision that tells old from new. */
export function ago(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const;
  for (const [name, length] of units) {
    const count = Math.floor(ms / length);
    if (count > 0) return `${count} ${name}${count > 1 ? 's' : ''} ago`;
  }
  return 'just now';
}

const wayWords = (way: Way): string => {
  switch (way) {
    case 'mapped':
      return 'from a saved desktop whose memory they share';
    case 'streamed':
      return 'from a saved desktop, each with a memory of its own';
    case 'booted':
      return 'by booting';
    default:
      return assertNever(way);
  }
};

const modeWords: Record<SavedManifest['mode'], string> = {
  mapped: 'its memory is shared by its machines',
  streamed: 'each machine reads its memory whole',
};

export function factsOf({ qemuVersion, chosen, image, saved, ways, now }: Known): { name: string; words: string }[] {
  const counts = new Map<Way | null, number>();
  for (const way of ways) counts.set(way, (counts.get(way) ?? 0) + 1);
  const bytes = image ? Object.values(image.files).reduce((sum, file) => sum + file.bytes, 0) : 0;
  return [
    { name: 'QEMU', words: qemuVersion },
    { name: 'Processor', words: `${chosen.accelerator}: ${chosen.reason}` },
    { name: 'Image', words: image ? `${image.name}, ${mebibytes(bytes)}` : 'none' },
    ...saved.map(({ manifest, diskBytes }) => ({
      name: 'Saved desktop',
      words: `of ${manifest.image}, made ${ago(now - Date.parse(manifest.madeAt))} with QEMU ${manifest.qemu} (${manifest.accelerator}), ${mebibytes(diskBytes)} on disk; ${modeWords[manifest.mode]}`,
    })),
    ...(saved.length === 0 ? [{ name: 'Saved desktop', words: 'none: the first machine waits for one' }] : []),
    ...[...counts].map(([way, count]) => ({
      name: 'Machines',
      words: way === null ? `${count} being made` : `${count} came up ${wayWords(way)}`,
    })),
  ];
}

/** The saved desktops in a folder, the newest first. Memory files have holes: what counts is the room they take. */
export function savedIn(savedDir: string): Known['saved'] {
  const read = (name: string): Known['saved'] => {
    try {
      const folder = join(savedDir, name);
      const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, savedNames.manifest), 'utf8')));
      const diskBytes = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).blocks * 512, 0);
      return [{ manifest, diskBytes }];
    } catch {
      // A lock, one that is being made, or another version's.
      return [];
    }
  };
  try {
    const found = readdirSync(savedDir).flatMap(read);
    return found.sort((a, b) => Date.parse(b.manifest.madeAt) - Date.parse(a.manifest.madeAt));
  } catch {
    return [];
  }
}
