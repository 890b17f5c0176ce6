import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './paths.mjs';

const module = pathToFileURL(join(root, 'scripts/lib/foreground.mjs')).href;

/** Runs a parent that runs a child which counts its SIGINTs for a while, and gathers what both say. */
const runPair = () => {
  const child = `let n = 0; process.on('SIGINT', () => { n++; if (n === 1) setTimeout(() => { console.log('count ' + n); process.exit(7); }, 500); }); setInterval(() => {}, 1000); console.log('up');`;
  const parent = `import { foreground } from ${JSON.stringify(module)}; const code = await foreground(process.execPath, ['-e', ${JSON.stringify(child)}]); console.log('code ' + code);`;
  return spawn(process.execPath, ['--input-type=module', '-e', parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
};

describe('a program in the foreground', () => {
  it('gets a signal once, however often it comes, and its exit code comes back', async () => {
    const pair = runPair();
    const said = [];
    const lines = createInterface({ input: pair.stdout });
    for await (const line of lines) {
      said.push(line);
      if (line === 'up') {
        // As a terminal does it, and npm once more.
        process.kill(-Number(pair.pid), 'SIGINT');
        process.kill(Number(pair.pid), 'SIGINT');
      }
    }
    expect(said).toEqual(['up', 'count 1', 'code 7']);
  });
});
