import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** The in-guest agent as one CommonJS file for the guest's Node 18, with everything it imports inside. */
export default defineConfig({
  root: path('.'),
  configFile: false,
  publicDir: false,
  logLevel: 'warn',
  resolve: { alias: { '@shared': path('src-shared') } },
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: path('src-guest/index.ts'),
    target: 'node18',
    outDir: path('out/guest'),
    emptyOutDir: true,
    minify: false,
    rollupOptions: { output: { format: 'cjs', entryFileNames: 'agent.cjs', codeSplitting: false } },
  },
});
