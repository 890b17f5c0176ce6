import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { sleep } from '../../src-main/base/deadline';
import { connectGuest } from '../../src-main/guest';
import { BootLine } from '../../src-main/sandbox/qemu/bootLine';
import type { QemuImage } from '../../src-main/sandbox/qemu/image';
import { smallSize } from './qemuStack';

const secret = 's'.repeat(43);
const machineId = 'm_bare';
const bootMs = 180_000;

/** QEMU started by hand on the image's kernel and disk: nothing but what the guest needs to come up. */
export class BareQemu {
  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    private readonly line: BootLine,
  ) {}

  /** Resolves once the guest's agent says that desktop and screen are there. */
  static async boot(image: QemuImage): Promise<BareQemu> {
    const folder = mkdtempSync(join(tmpdir(), 'wh-bare-'));
    const [disk, bootSocket] = [join(folder, 'disk'), join(folder, 'boot')];
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'qcow2', disk]);
    const port = await freePort();
    const { guest } = image;
    const { cpus, memoryMiB, width, height } = smallSize;
    const append = `${image.commandLine} wheelhouse.size=${width}x${height} ${image.commandLineEmulated}`;
    const child = spawn(
      'qemu-system-x86_64',
      [
        ...['-nodefaults', '-display', 'none', '-machine', 'pc', '-accel', 'tcg', '-cpu', 'max', '-smp', String(cpus)],
        ...['-m', `${memoryMiB}M`, '-kernel', image.kernel, '-initrd', image.initrd, '-append', append],
        ...['-drive', `if=virtio,file=${disk},format=qcow2,cache=unsafe`],
        ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${port}-${guest.address}:${guest.port}`],
        ...['-device', 'virtio-net-pci,netdev=net,mac=52:54:00:77:68:01', '-device', 'virtio-rng-pci'],
        ...['-chardev', `socket,id=boot,path=${bootSocket},server=on,wait=off`, '-serial', 'null'],
        ...['-device', 'virtio-serial-pci', '-device', `virtserialport,chardev=boot,name=${guest.bootPort}`],
      ],
      { stdio: 'ignore' },
    );
    const signal = AbortSignal.timeout(bootMs);
    const line = await listening(bootSocket, signal);
    const bare = new BareQemu(folder, child, line);
    try {
      await line.introduce({ machineId, secret }, randomBytes(64), Date.now(), signal);
      const client = await connectGuest({ machineId, path: `tcp:127.0.0.1:${port}`, secret }, signal);
      for (;;) {
        const { screenReady, sessionReady } = await client.health(20_000);
        if (screenReady && sessionReady) break;
        await sleep(50, signal);
      }
      client.close();
      return bare;
    } catch (error) {
      await bare.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.line.close();
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null && this.child.kill('SIGKILL')) await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** QEMU makes the socket a moment after its start. */
async function listening(path: string, signal: AbortSignal): Promise<BootLine> {
  while (!existsSync(path)) await sleep(20, signal);
  return new BootLine(path);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
