import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** One CommonJS text for the guest's Node, with nothing to install beside it. */
async function bundle(entry) {
  const { output } = await build({
    configFile: false,
    logLevel: 'warn',
    root: path('..'),
    resolve: { alias: { '@shared': path('../src-shared') } },
    ssr: { noExternal: true },
    build: {
      ssr: path(entry),
      write: false,
      target: 'node22',
      minify: true,
      rolldownOptions: { output: { format: 'cjs', exports: 'named', codeSplitting: false } },
    },
  });
  return output[0].code;
}

/**
 * Builds the in-guest agent: one file, see loader.cjs.
 * @param {{ outDir?: string }} options
 * @returns {Promise<string>} the file's path
 */
export async function buildGuest({ outDir = path('../out/guest') } = {}) {
  const bodies = { agent: await bundle('./agent/main.ts'), session: await bundle('./session/main.ts') };
  const loader = readFileSync(path('./loader.cjs'), 'utf8');
  mkdirSync(outDir, { recursive: true });
  const file = join(outDir, 'agent.cjs');
  writeFileSync(
    file,
    loader.replace('__BODIES__', () => JSON.stringify(bodies)),
  );
  return file;
}
