import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** The soak for plain Node; packages stay outside the bundle. */
export default defineConfig({
  root: path('.'),
  publicDir: false,
  logLevel: 'warn',
  resolve: { alias: { '@shared': path('src-shared') } },
  build: {
    ssr: path('scripts/soak/index.ts'),
    target: 'node20',
    outDir: path('out/soak'),
    emptyOutDir: true,
    rolldownOptions: { output: { format: 'es', entryFileNames: 'index.js' } },
  },
});
