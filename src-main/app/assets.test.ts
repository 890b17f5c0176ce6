import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { resolveAsset } from './assets';

const root = '/opt/app/renderer';
const hash = 'a'.repeat(64);

describe('addresses of the app scheme', () => {
  it('names the page, its parts, frames, crops and thumbnails', () => {
    expect(resolveAsset('app://wheelhouse/', root)).toMatchObject({ kind: 'file', path: `${root}/index.html` });
    expect(resolveAsset('app://wheelhouse/assets/x.js', root)).toMatchObject({
      kind: 'file',
      type: expect.stringContaining('javascript'),
    });
    expect(resolveAsset(`app://wheelhouse/frames/${hash}.png`, root)).toEqual({ kind: 'frame', hash, crop: null });
    expect(resolveAsset(`app://wheelhouse/frames/${hash}.png?x=1&y=2&w=96&h=60&scale=.45`, root)).toEqual({
      kind: 'frame',
      hash,
      crop: { x: 1, y: 2, width: 96, height: 60, scale: 0.45 },
    });
    expect(resolveAsset('app://wheelhouse/thumbs/abcdefgh.jpg?v=3', root)).toEqual({
      kind: 'thumbnail',
      sessionId: 'abcdefgh',
    });
  });

  it.each([
    'app://wheelhouse/../secret.js',
    'app://wheelhouse/%2e%2e/%2e%2e/etc/passwd.txt',
    'app://wheelhouse/..%2f..%2fetc/x.txt',
    'app://wheelhouse/..%5c..%5cx.js',
    'app://other/index.html',
    'file:///etc/passwd',
    'app://wheelhouse/index.html%00.png',
    'app://wheelhouse/%',
    'app://wheelhouse/noextension',
    `app://wheelhouse/frames/${hash}.png/../../x`,
  ])('never leaves its folder for %s', (address) => {
    const asset = resolveAsset(address, root);
    if (asset.kind === 'file') expect(asset.path.startsWith(`${root}/`)).toBe(true);
    else expect(asset.kind).toBe('missing');
  });

  it('stays inside for any path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        const asset = resolveAsset(`app://wheelhouse/${path}.js`, root);
        return asset.kind !== 'file' || (asset.path.startsWith(`${root}/`) && !asset.path.includes('/../'));
      }),
      { numRuns: 2000 },
    );
  });
});
