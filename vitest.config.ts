import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** How long `expect.poll` looks; its own second is over before a busy computer has answered. */
const patient = { poll: { timeout: 10_000 } };
const alias = { '@shared': fileURLToPath(new URL('./src-shared', import.meta.url)) };

/**
 * Three projects: `unit` needs nothing but Node; `integration` (`*.it.test.ts`) needs the Docker Engine and the desktop
 * image that the set-up made, and fails, never skips, when they are missing; `qemu` (those below the QEMU backend's
 * folder, and `*.qemu.it.test.ts` anywhere) needs QEMU and the machine image, and fails likewise.
 */
export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['src-*/**/*.test.{ts,tsx}', 'scripts/**/*.test.{ts,mjs}', 'bench/**/*.test.ts'],
          exclude: ['**/*.it.test.ts', '**/node_modules/**'],
          expect: patient,
          testTimeout: 20_000,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'integration',
          include: ['src-*/**/*.it.test.ts', 'scripts/**/*.it.test.ts'],
          exclude: ['src-main/sandbox/qemu/**', '**/*.qemu.it.test.ts', '**/node_modules/**'],
          expect: patient,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'qemu',
          include: ['src-main/sandbox/qemu/**/*.it.test.ts', '{src-*,scripts}/**/*.qemu.it.test.ts'],
          expect: patient,
          testTimeout: 60_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
