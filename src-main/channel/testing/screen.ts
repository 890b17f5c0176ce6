import { deflateSync, crc32 } from 'node:zlib';
import type { Rect, ScreenHub, ScreenHubs } from '../../screen/types';

const unused = (): never => {
  throw new Error('not part of this double');
};

/** A real PNG of a gradient, so that clients and eyes can read it. */
function png(width: number, height: number): Buffer {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows.set([x & 255, y & 255, (x + y) & 255], y * (1 + width * 3) + 1 + x * 3);
  }
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body) >>> 0, body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export interface HubDouble extends ScreenHub {
  /** What was asked of it, in order. */
  log: string[];
  demands: number;
  /** Put before every input; a test may hold or fail it. */
  gate: () => Promise<void>;
}

function hubDouble(width = 1280, height = 800): HubDouble {
  const whole = png(width, height);
  const at = { x: width / 2, y: height / 2 };
  let version = 1;
  const input = async (line: string) => {
    hub.log.push(line);
    await hub.gate();
    version += 1;
  };
  const hub: HubDouble = {
    log: [],
    demands: 0,
    gate: async () => {},
    size: { width, height },
    get version() {
      return version;
    },
    async screenshot(region?: Rect) {
      hub.log.push('screenshot');
      return region ? png(region.width, region.height) : whole;
    },
    async frame() {
      hub.log.push('frame');
      return { version, png: Promise.resolve(whole) };
    },
    thumbnail: unused,
    move: (epoch, x, y) => input(`move ${x},${y} @${epoch}`),
    click: (epoch, place, button, count) =>
      input(`click ${place ? `${place.x},${place.y}` : 'here'} ${button} ${count} @${epoch}`),
    drag: (epoch, from, to, button) => input(`drag ${from.x},${from.y} ${to.x},${to.y} ${button} @${epoch}`),
    scroll: (epoch, place, x, y) => input(`scroll ${place.x},${place.y} ${x},${y} @${epoch}`),
    pressKeys: (epoch, keys) => input(`keys ${keys.join('+')} @${epoch}`),
    typeText: (epoch, text) => input(`type ${text} @${epoch}`),
    cursor: () => at,
    async settle(quietMs, maxMs) {
      hub.log.push(`settle ${quietMs} ${maxMs}`);
    },
    setEpoch: async () => {},
    demand() {
      hub.demands += 1;
      return () => void (hub.demands -= 1);
    },
    onChange: () => () => {},
    onLost: () => () => {},
    close: () => {},
  };
  return hub;
}

export function hubsDouble(): ScreenHubs & { of(sessionId: string): HubDouble } {
  const hubs = new Map<string, HubDouble>();
  const of = (sessionId: string) => {
    const hub = hubs.get(sessionId) ?? hubDouble();
    hubs.set(sessionId, hub);
    return hub;
  };
  return {
    of,
    open: async (sessionId) => of(sessionId),
    get: (sessionId) => hubs.get(sessionId),
    close: () => {},
    probe: unused,
    closeAll: async () => {},
  };
}
