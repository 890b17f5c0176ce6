import { extname, join, normalize, sep } from 'node:path';

/** What an address of our scheme asks for. Anything that fits none of these is `missing`. */
export type Asset =
  | { kind: 'file'; path: string; type: string }
  | { kind: 'frame'; hash: string; crop: { x: number; y: number; width: number; height: number; scale: number } | null }
  | { kind: 'thumbnail'; sessionId: string }
  | { kind: 'missing' };

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

/** A number of the query within bounds, or null when it is absent or wrong. */
function bounded(query: URLSearchParams, name: string, low: number, high: number): number | null {
  const text = query.get(name);
  if (text === null || text === '') return null;
  const value = Number(text);
  return Number.isFinite(value) && value >= low && value <= high ? value : null;
}

/**
 * Pure: from an address of `app://wheelhouse` to what it names. `root` is the renderer's folder; nothing outside it is
 * ever named, whatever dots, encodings or separators the address carries.
 */
export function resolveAsset(address: string, root: string): Asset {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return { kind: 'missing' };
  }
  if (url.protocol !== 'app:' || url.host !== 'wheelhouse') return { kind: 'missing' };
  const frame = /^\/frames\/([0-9a-f]{64})\.png$/.exec(url.pathname);
  if (frame?.[1]) {
    const [x, y, width, height] = (['x', 'y', 'w', 'h'] as const).map((name) =>
      bounded(url.searchParams, name, 0, 8192),
    );
    const scale = bounded(url.searchParams, 'scale', 0.05, 1) ?? 1;
    const whole = x == null || y == null || !width || !height;
    return { kind: 'frame', hash: frame[1], crop: whole ? null : { x, y, width, height, scale } };
  }
  const thumbnail = /^\/thumbs\/([A-Za-z0-9_-]{8,128})\.jpg$/.exec(url.pathname);
  if (thumbnail?.[1]) return { kind: 'thumbnail', sessionId: thumbnail[1] };
  let path: string;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    return { kind: 'missing' };
  }
  if (path.includes('\0') || path.includes('\\')) return { kind: 'missing' };
  const file = normalize(join(root, path === '/' ? 'index.html' : path));
  const type = types[extname(file)];
  if (!type || !file.startsWith(root + sep)) return { kind: 'missing' };
  return { kind: 'file', path: file, type };
}
