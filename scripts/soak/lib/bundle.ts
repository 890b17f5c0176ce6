import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

const root = process.cwd();

/** Bundles the process under trial with its workers, from what is in the tree now; resolves with its folder. */
export async function bundleHouse(): Promise<string> {
  const out = join(root, 'out');
  mkdirSync(out, { recursive: true });
  // Of its own: two runs at once must not pull it away under each other.
  const outDir = mkdtempSync(join(out, 'soak-house-'));
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    resolve: { alias: { '@shared': join(root, 'src-shared') } },
    build: {
      ssr: true,
      outDir,
      target: 'node20',
      rolldownOptions: {
        input: {
          house: join(root, 'scripts/soak/house.ts'),
          screenWorker: join(root, 'src-main/screen/worker.ts'),
          memoryWorker: join(root, 'src-main/sandbox/qemu/memoryWorker.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js' },
      },
    },
  });
  return outDir;
}
