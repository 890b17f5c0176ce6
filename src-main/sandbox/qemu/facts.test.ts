import { describe, expect, it } from 'vitest';
import { ago, factsOf, savedIn } from './facts';

describe('what is told of the backend', () => {
  it('names the processor and why, the image, saved desktops and how machines came up', () => {
    const facts = factsOf({
      qemuVersion: '7.2.22',
      chosen: { accelerator: 'tcg', reason: 'The processor is emulated.' },
      image: null,
      saved: [
        {
          diskBytes: 300 * 2 ** 20,
          manifest: {
            ...{ version: 1, key: 'k', mode: 'mapped', image: 'wheelhouse/desktop:1', qemu: '7.2.22' },
            ...{ accelerator: 'tcg', madeAt: '2026-01-01T00:00:00.000Z', files: {} },
          } as const,
        },
      ],
      ways: ['mapped', 'booted', 'mapped', null],
      now: Date.parse('2026-01-01T02:00:00.000Z'),
    });
    expect(facts.map(({ name, words }) => `${name}: ${words}`)).toEqual([
      'QEMU: 7.2.22',
      'Processor: tcg: The processor is emulated.',
      'Image: none',
      'Saved desktop: of wheelhouse/desktop:1, made 2 hours ago with QEMU 7.2.22 (tcg), 300 MiB on disk; its memory is shared by its machines',
      'Machines: 2 came up from a saved desktop whose memory they share',
      'Machines: 1 came up by booting',
      'Machines: 1 being made',
    ]);
  });

  it('tells how long ago something was', () => {
    expect([0, 59_999, 60_000, 7_200_000, 86_400_000].map(ago)).toEqual([
      ...['just now', 'just now', '1 minute ago', '2 hours ago', '1 day ago'],
    ]);
  });

  it('finds none where there is no folder', () => {
    expect(savedIn('/nowhere/at/all')).toEqual([]);
  });
});
