import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Builds one TypeScript entry into a folder under node_modules/.cache, where it finds its packages; returns its address. */
export async function bundle(entry: string, name: string): Promise<URL> {
  const outDir = join(root, 'node_modules/.cache/wheelhouse-tests', `${name}-${process.pid}`);
  await build({
    root,
    configFile: false,
    logLevel: 'silent',
    resolve: { alias: { '@shared': join(root, 'src-shared') } },
    ssr: { external: true },
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { format: 'es', entryFileNames: 'entry.mjs' } },
    },
  });
  return pathToFileURL(join(outDir, 'entry.mjs'));
}

/** Clears away what `bundle` made. */
export const unbundle = (built: URL): void => rmSync(new URL('.', built), { recursive: true, force: true });
