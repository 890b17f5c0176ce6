import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { sleep } from '../../src-main/base/deadline';

/** A WebSocket-to-RFB proxy in a process of its own. */
export interface Proxy {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

const stop = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
};

export async function startOurs(socketPath: string): Promise<Proxy> {
  const child = spawn(process.execPath, [process.argv[1] ?? '', '--relay-server', socketPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { url: `ws://127.0.0.1:${port}/`, pid: child.pid ?? 0, stop: () => stop(child) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Debian's websockify, as people run it beside noVNC. */
export async function startWebsockify(socketPath: string): Promise<Proxy> {
  const port = await freePort();
  const child = spawn('websockify', [`127.0.0.1:${port}`, `--unix-target=${socketPath}`], { stdio: 'ignore' });
  await once(child, 'spawn').catch(() => {
    throw new Error('websockify is not installed: apt-get install websockify');
  });
  for (let tries = 0; tries < 200; tries += 1) {
    const open = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (open) return { url: `ws://127.0.0.1:${port}/`, pid: child.pid ?? 0, stop: () => stop(child) };
    await sleep(25);
  }
  throw new Error('websockify did not start');
}
