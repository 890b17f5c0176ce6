import { describe, expect, it } from 'vitest';
import { parseOptions } from './options';

describe('the app’s arguments', () => {
  it('has defaults', () => {
    expect(parseOptions([], { XDG_DATA_HOME: '/x' }, 'linux')).toEqual({
      dataDir: '/x/wheelhouse',
      port: null,
      demo: false,
      backend: null,
      width: 1440,
      height: 900,
    });
  });

  it('takes its own and lets Chromium’s pass', () => {
    const options = parseOptions(
      ['--no-sandbox', '.', '--demo', '--backend', 'qemu', '--data', '/d', '--port', '0', '--size', '1280x800'],
      {},
      'linux',
    );
    expect(options).toMatchObject({ dataDir: '/d', port: 0, demo: true, backend: 'qemu', width: 1280, height: 800 });
  });

  it.each([
    ['--port', 'x'],
    ['--port', '70000'],
    ['--size', 'big'],
    ['--backend', 'vmware'],
  ])('names a bad value of %s', (name, value) => {
    expect(() => parseOptions([name, value], {}, 'linux')).toThrow(value);
  });
});
