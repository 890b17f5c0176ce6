import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outDir = `${root}out/cli-test`;

/** Bundles the command line as the product's build does, so that the test runs what is in the tree now. */
export async function buildCli(): Promise<void> {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { '@shared': `${root}src-shared` } },
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      target: 'node20',
      rollupOptions: {
        input: {
          cli: `${root}src-cli/index.ts`,
          screenWorker: `${root}src-main/screen/worker.ts`,
          memoryWorker: `${root}src-main/sandbox/qemu/memoryWorker.ts`,
        },
        output: { format: 'es', entryFileNames: '[name].js' },
      },
    },
  });
}

export interface Serving {
  url: string;
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Sends the signal and waits for the end; the exit code, or the signal's name. */
  end(signal: NodeJS.Signals): Promise<number | string>;
}

/** A real `wheelhouse serve` as a process of its own. Rejects with its standard error when it ends before it is ready. */
export function serve(dataDir: string, ...more: string[]): Promise<Serving> {
  const child: ChildProcess = spawn(
    process.execPath,
    [`${outDir}/cli.js`, 'serve', '--data', dataDir, '--port', '0', '--json', ...more],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let err = '';
  child.stderr!.on('data', (part: Buffer) => (err += part.toString()));
  const exited = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  const serving = (url: string): Serving => ({
    url,
    pid: child.pid!,
    stdout: () => out,
    stderr: () => err,
    end(signal) {
      child.kill(signal);
      return exited;
    },
  });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
    child.stdout!.on('data', (part: Buffer) => {
      out += part.toString();
      if (!out.includes('\n')) return;
      clearTimeout(late);
      resolve(serving((JSON.parse(out.slice(0, out.indexOf('\n'))) as { url: string }).url));
    });
    void exited.then((code) => {
      clearTimeout(late);
      reject(new Error(`serve ended with ${code}: ${err}`));
    });
  });
}

/** Another command of the same build, to its end. */
export function command(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [`${outDir}/cli.js`, ...argv], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (err += part.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? -1, out, err })));
}
