import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sleep } from '../../src-main/base/deadline';

const run = promisify(execFile);

/** The newest desktop image here: what bare runs and ours have in common. */
export async function desktopImage(): Promise<string> {
  const { stdout } = await run('docker', [
    'images',
    '--filter',
    'label=dev.wheelhouse.image=desktop',
    '--format',
    '{{.Repository}}:{{.Tag}}',
  ]);
  const [first] = stdout.trim().split('\n');
  if (!first) throw new Error('There is no desktop image. Run: npm run setup');
  return first;
}

/** An Xvnc of the image with nothing of ours in the way: its socket lies in a folder that this process can reach. */
export class BareXvnc {
  private constructor(
    readonly container: string,
    readonly socketPath: string,
    private readonly folder: string,
  ) {}

  /** `extra`: Xvnc's options beyond the common ones; `program`: what runs on the screen. */
  static async start(image: string, extra: string[] = [], program = 'sleep infinity'): Promise<BareXvnc> {
    const folder = mkdtempSync(join(tmpdir(), 'wh-bare-'));
    chmodSync(folder, 0o777);
    const xvnc = `Xvnc :0 -geometry 1280x800 -depth 24 -rfbport -1 -rfbunixpath /bare/rfb.sock -rfbunixmode 0666 -SecurityTypes None -AlwaysShared ${extra.join(' ')}`;
    const { stdout } = await run('docker', [
      'run', '-d', '--network', 'none', '--user', '1000:1000', '-v', `${folder}:/bare`, '-e', 'DISPLAY=:0', '-e', 'HOME=/tmp',
      '--entrypoint', '/usr/bin/tini', image, '--', 'sh', '-c', `${xvnc} & while [ ! -e /tmp/.X11-unix/X0 ]; do sleep .01; done; ${program}`,
    ]); // prettier-ignore
    const bare = new BareXvnc(stdout.trim(), join(folder, 'rfb.sock'), folder);
    await bare.greeting(20_000);
    return bare;
  }

  connect(): Socket {
    return connect(this.socketPath);
  }

  /** Resolves once the server greets; milliseconds from the call. */
  async greeting(deadlineMs: number): Promise<number> {
    const start = performance.now();
    while (performance.now() - start < deadlineMs) {
      const greeted = await new Promise<boolean>((resolve) => {
        const socket = this.connect();
        socket.once('data', () => (socket.destroy(), resolve(true)));
        socket.once('error', () => resolve(false));
      });
      if (greeted) return performance.now() - start;
      await sleep(2);
    }
    throw new Error('Xvnc did not greet');
  }

  async stop(): Promise<void> {
    await run('docker', ['rm', '-f', this.container]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
