import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Boot } from '@shared/link';
import { guestPaths } from '../paths';

/** Milliseconds that a screen stream waits for the X server, which may still be starting. */
const openMs = 8_000;
const retryMs = 3;

/**
 * Starts the X server, with a new key for its clients. Its RFB side is a unix socket that this user alone can open. XTEST is
 * off, so that programs can't press keys; the guest's clipboard never goes out to viewers, and programs can't switch
 * that back (AllowOverride); viewers can't resize the screen.
 */
export function startScreen(boot: Pick<Boot, 'width' | 'height'>): ChildProcess {
  writeKey();
  const options: Record<string, string> = {
    rfbport: '-1',
    rfbunixpath: guestPaths.rfb,
    rfbunixmode: '0600',
    SecurityTypes: 'None',
    FrameRate: '250',
    SendCutText: '0',
    SendPrimary: '0',
    SetPrimary: '0',
    AcceptSetDesktopSize: '0',
    AllowOverride: 'desktop',
    // One peer opens every connection, and it has proven itself before.
    BlacklistThreshold: '1000000',
    BlacklistTimeout: '0',
    desktop: 'Wheelhouse',
  };
  const args = [':0', '-geometry', `${boot.width}x${boot.height}`, '-depth', '24', '-auth', guestPaths.xauthority];
  args.push('-AlwaysShared', '-noreset', '-nolisten', 'tcp', '-extension', 'XTEST');
  for (const [name, value] of Object.entries(options)) args.push(`-${name}`, value);
  return spawn('/usr/bin/Xvnc', args, {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', HOME: '/run/wheelhouse', LANG: 'C.UTF-8' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** A connection to the X server's RFB socket, as soon as it listens; rejects after `openMs`. */
export function openScreen(): Promise<Socket> {
  const giveUpAt = performance.now() + openMs;
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const socket = connect(guestPaths.rfb);
      const onError = (error: Error) => {
        if (performance.now() > giveUpAt) return reject(error);
        setTimeout(attempt, retryMs);
      };
      socket.once('error', onError);
      socket.once('connect', () => {
        socket.off('error', onError);
        resolve(socket);
      });
    };
    attempt();
  });
}

/** Resolves when the X server greets: from then on it serves screens and programs. */
export async function screenGreets(): Promise<void> {
  const socket = await openScreen();
  await new Promise<void>((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the X server closed the connection')));
  }).finally(() => socket.destroy());
}

/** The format of Xauthority files: family, address, display number, name and data, each with a 16-bit length (Xau). */
function writeKey(): void {
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
  const familyWild = Buffer.from([0xff, 0xff]);
  const name = Buffer.from('MIT-MAGIC-COOKIE-1');
  const entry = Buffer.concat([
    familyWild,
    field(Buffer.alloc(0)),
    field(Buffer.alloc(0)),
    field(name),
    field(randomBytes(16)),
  ]);
  const draft = `${guestPaths.xauthority}.new`;
  writeFileSync(draft, entry);
  chmodSync(draft, 0o644);
  renameSync(draft, guestPaths.xauthority);
}
