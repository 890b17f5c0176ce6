// A very small RFB client: one full picture, nothing else. RFC 6143: ProtocolVersion 7.1.1, Security 7.1.2, Init 7.3,
// SetPixelFormat 7.5.1, SetEncodings 7.5.2, FramebufferUpdateRequest 7.5.3, Raw 7.7.1.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Reads exact numbers of bytes from a socket. */
const reader = (socket, deadline) => {
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

/** Connects to a screen's unix socket; every read after `deadline` (milliseconds since the epoch) fails. */
export const openScreen = async (socketPath, deadline) => {
  const socket = connect(socketPath);
  const read = reader(socket, deadline);
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

/** The whole screen as RGB, three bytes a pixel, rows from the top. */
export const takePicture = async ({ socket, read, width, height }) => {
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
