// Starts the X server and the session's programs once, as their own users, looks at the screen by RFB and says whether
// it shows a desktop. Run as root in a throw-away container at the end of the image's build: `node look.mjs [picture.png]`.
import { spawn, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodePng } from './png.mjs';
import { openScreen, takePicture } from './screen.mjs';

const deadline = Date.now() + 30_000;
const socketPath = '/run/wheelhouse/private/look.sock';
const { environment, programs } = JSON.parse(readFileSync(new URL('./session.json', import.meta.url), 'utf8'));

const until = async (what, probe) => {
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`gave up waiting for ${what}`);
    await sleep(10);
  }
};

const began = Date.now();
const since = () => `${Date.now() - began} ms`;
const children = [];
const start = (user, command, env) => {
  const child = spawn(command[0], command.slice(1), { ...user, env, stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  return child;
};
const server = { uid: 990, gid: 990, cwd: '/run/wheelhouse' };
const session = { uid: 1000, gid: 1000, cwd: '/home/session' };

try {
  const xvnc = [
    ':0',
    '-geometry',
    '1280x800',
    '-depth',
    '24',
    '-rfbport',
    '-1',
    '-rfbunixpath',
    socketPath,
    '-rfbunixmode',
    '0600',
  ];
  start(server, ['/usr/bin/Xvnc', ...xvnc, '-SecurityTypes', 'None', '-ac', '-extension', 'XTEST'], {
    PATH: '/usr/bin:/bin',
    HOME: '/run/wheelhouse',
  });
  await until('the X server', () => existsSync('/tmp/.X11-unix/X0') && existsSync(socketPath));
  console.log(`X server after ${since()}`);
  for (const program of programs) start(session, program.command, environment);

  const ask = (command, args) => {
    try {
      return execFileSync(command, args, {
        env: environment,
        ...session,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: 5000,
      });
    } catch {
      return '';
    }
  };
  await until('the window manager', () => /Name: Openbox/i.test(ask('wmctrl', ['-m'])));
  console.log(`window manager after ${since()}`);
  await until('the panel', () => /"panel"[^\n]*tint2/i.test(ask('xwininfo', ['-root', '-tree'])));
  console.log(`panel after ${since()}`);

  const screen = await openScreen(socketPath, deadline);
  await until('a picture on the screen', async () => {
    const rgb = await takePicture(screen);
    const colours = new Set();
    for (let at = 0; at < rgb.length; at += 3 * 97) colours.add(rgb.readUIntBE(at, 3));
    return colours.size >= 8;
  });
  console.log(`picture ${screen.width}x${screen.height} after ${since()}`);
  if (process.argv[2]) {
    // A moment for the clock and the menu button to be painted; the picture is for people.
    await sleep(400);
    await new Promise((resolve) => screen.socket.end(resolve));
    writeFileSync(
      process.argv[2],
      encodePng(screen.width, screen.height, await takePicture(await openScreen(socketPath, deadline))),
    );
  }
  process.exitCode = 0;
} catch (error) {
  console.error(`The desktop did not come up: ${error.message}`);
  process.exitCode = 1;
} finally {
  for (const child of children.reverse()) child.kill('SIGKILL');
  process.exit();
}
