import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** The benchmarks for plain Node; packages stay outside the bundle. */
export default defineConfig({
  root: path('.'),
  publicDir: false,
  logLevel: 'warn',
  resolve: { alias: { '@shared': path('src-shared') } },
  build: {
    ssr: path('bench/index.ts'),
    target: 'node20',
    outDir: path('out/bench'),
    emptyOutDir: true,
    rolldownOptions: { output: { format: 'es', entryFileNames: 'index.js' } },
  },
});
