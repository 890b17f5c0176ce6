// Starts the X server and the session's programs once, as their own users, looks at the screen by RFB and says whether
// it shows a desktop. Run as root in a throw-away container at the end of the image's build: `node look.mjs [picture.png]`.
// RFB: RFC 6143 (ProtocolVersion 7.1.1, Security 7.1.2, Init 7.3, FramebufferUpdateRequest 7.5.3, Raw 7.7.1).
import { spawn, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodePng } from './png.mjs';

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

/** Reads exact numbers of bytes from a socket. */
const reader = (socket) => {
  let buffer = Buffer.alloc(0);
  let wake = () => {};
  let ended = null;
  socket.on('data', (data) => ((buffer = Buffer.concat([buffer, data])), wake()));
  socket.on('error', (error) => ((ended = error), wake()));
  socket.on('close', () => ((ended ??= new Error('the screen closed the connection')), wake()));
  return async (length) => {
    while (buffer.length < length) {
      if (ended) throw ended;
      if (Date.now() > deadline) throw new Error('the screen does not answer');
      await Promise.race([new Promise((resolve) => (wake = resolve)), sleep(500)]);
    }
    const out = buffer.subarray(0, length);
    buffer = buffer.subarray(length);
    return out;
  };
};

const openScreen = async () => {
  const socket = connect(socketPath);
  const read = reader(socket);
  await read(12);
  socket.write('RFB 003.008\n');
  await read((await read(1))[0]);
  socket.write(Buffer.from([1]));
  if ((await read(4)).readUInt32BE(0) !== 0) throw new Error('the screen refused the connection');
  socket.write(Buffer.from([1]));
  const init = await read(24);
  await read(init.readUInt32BE(20));
  // 32 bits a pixel, red in the first byte.
  socket.write(Buffer.from([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]));
  socket.write(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]));
  return { socket, read, width: init.readUInt16BE(0), height: init.readUInt16BE(2) };
};

const takePicture = async ({ socket, read, width, height }) => {
  const request = Buffer.alloc(10);
  request.writeUInt8(3, 0);
  request.writeUInt16BE(width, 6);
  request.writeUInt16BE(height, 8);
  socket.write(request);
  const rgb = Buffer.alloc(width * height * 3);
  const header = await read(4);
  if (header[0] !== 0) throw new Error(`unexpected message ${header[0]} from the screen`);
  for (let left = header.readUInt16BE(2); left > 0; left--) {
    const rect = await read(12);
    const [x, y, w, h] = [0, 2, 4, 6].map((at) => rect.readUInt16BE(at));
    const data = await read(w * h * 4);
    for (let row = 0; row < h; row++)
      for (let column = 0; column < w; column++)
        data.copy(rgb, ((y + row) * width + x + column) * 3, (row * w + column) * 4, (row * w + column) * 4 + 3);
  }
  return rgb;
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
  const xvnc = [':0', '-geometry', '1280x800', '-depth', '24', '-rfbport', '-1', '-rfbunixpath', socketPath, '-rfbunixmode', '0600'];
  start(server, ['/usr/bin/Xvnc', ...xvnc, '-SecurityTypes', 'None', '-ac', '-extension', 'XTEST'], { PATH: '/usr/bin:/bin', HOME: '/run/wheelhouse' });
  await until('the X server', () => existsSync('/tmp/.X11-unix/X0') && existsSync(socketPath));
  console.log(`X server after ${since()}`);
  for (const program of programs) start(session, program.command, environment);

  const ask = (command, args) => {
    try {
      return execFileSync(command, args, { env: environment, ...session, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000 });
    } catch {
      return '';
    }
  };
  await until('the window manager', () => /Name: Openbox/i.test(ask('wmctrl', ['-m'])));
  console.log(`window manager after ${since()}`);
  await until('the panel', () => /"panel"[^\n]*tint2/i.test(ask('xwininfo', ['-root', '-tree'])));
  console.log(`panel after ${since()}`);

  const screen = await openScreen();
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
    writeFileSync(process.argv[2], encodePng(screen.width, screen.height, await takePicture(await openScreen())));
  }
  process.exitCode = 0;
} catch (error) {
  console.error(`The desktop did not come up: ${error.message}`);
  process.exitCode = 1;
} finally {
  for (const child of children.reverse()) child.kill('SIGKILL');
  process.exit();
}
