#!/usr/bin/env node
// The `wheelhouse` command of a checkout: runs the built command line with plain Node.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = new URL('../out/main/cli.js', import.meta.url);
if (existsSync(fileURLToPath(built))) {
  await import(built.href);
} else {
  process.stderr.write('wheelhouse: nothing has been built yet. Run: npm run build\n');
  process.exitCode = 1;
}
