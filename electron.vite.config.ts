import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const alias = { '@shared': path('./src-shared') };

/**
 * One build for the app and for plain Node: `out/main` holds the Electron entry, the command line, two workers (screens,
 * machines' memory) and the demo agent, sharing chunks. The preload is CommonJS because it runs sandboxed.
 */
export default defineConfig({
  main: {
    resolve: { alias },
    build: {
      outDir: 'out/main',
      target: 'node20',
      rollupOptions: {
        input: {
          index: path('./src-main/index.ts'),
          cli: path('./src-cli/index.ts'),
          screenWorker: path('./src-main/screen/worker.ts'),
          memoryWorker: path('./src-main/sandbox/qemu/memoryWorker.ts'),
          demoAgent: path('./src-cli/demo/agent.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js' },
      },
    },
  },
  preload: {
    resolve: { alias },
    build: {
      outDir: 'out/preload',
      externalizeDeps: false,
      rollupOptions: {
        input: { index: path('./src-preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: path('./src-renderer'),
    resolve: { alias },
    plugins: [react()],
    build: {
      outDir: path('./out/renderer'),
      rollupOptions: { input: { index: path('./src-renderer/index.html') } },
    },
  },
});
