// Stands where Electron's own default app stands in an official runtime: it starts the app whose folder is named on the
// command line, as `electron FOLDER` does. An ES module whose import is awaited, so that `ready` waits for the app's code.
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from 'electron';

const require = createRequire(import.meta.url);
const preloads = [];
let target = null;
let version = false;

const args = process.argv.slice(1);
for (let at = 0; at < args.length && target === null; at++) {
  const arg = args[at];
  if (arg === '-r' || arg === '--require') preloads.push(args[++at]);
  else if (arg === '--version' || arg === '-v') version = true;
  else if (!arg.startsWith('-')) target = arg;
}

if (version) {
  process.stdout.write(`v${process.versions.electron}\n`, () => app.exit(0));
} else if (target === null) {
  process.stderr.write('Name the folder of an app: electron FOLDER\n', () => app.exit(2));
} else {
  try {
    Object.defineProperty(process, 'defaultApp', { value: true, configurable: false, enumerable: true });
    for (const module of preloads) require(resolve(module));
    const path = resolve(target);
    let entry = path;
    if (statSync(path).isDirectory()) {
      const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
      app.name = manifest.productName ?? manifest.name;
      app.setVersion(manifest.version);
      app.setAppPath(path);
      entry = join(path, manifest.main ?? 'index.js');
    }
    await import(pathToFileURL(entry).href);
  } catch (error) {
    process.stderr.write(`The app could not be loaded: ${error?.stack ?? error}\n`, () => app.exit(1));
  }
}
