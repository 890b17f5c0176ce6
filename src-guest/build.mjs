import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Bundles the in-guest agent into one CommonJS file for the guest's Node 18, with nothing to install beside it.
 * @param {{ outDir?: string }} options
 * @returns {Promise<string>} the file's path
 */
export async function buildGuest({ outDir = path('../out/guest') } = {}) {
  await build({
    configFile: false,
    logLevel: 'warn',
    root: path('..'),
    resolve: { alias: { '@shared': path('../src-shared') } },
    ssr: { noExternal: true },
    build: {
      ssr: path('./index.ts'),
      outDir,
      emptyOutDir: true,
      target: 'node18',
      minify: true,
      rolldownOptions: {
        output: { format: 'cjs', entryFileNames: 'agent.cjs', codeSplitting: false },
      },
    },
  });
  return `${outDir}/agent.cjs`;
}
