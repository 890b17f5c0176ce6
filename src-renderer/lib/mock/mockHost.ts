import type { Diagnostics } from '@shared/diagnostics';
import type { RequestOutput } from '@shared/ipc';
import type { BackendKind } from '@shared/pool';
import { ago } from './mockData';

/** What this computer has, as development's main process finds it. `?host=` wishes for another one. */
export function diagnostics(host: string | null): Diagnostics {
  const qemu = {
    kind: 'qemu' as const,
    reachable: host !== 'docker',
    version: host === 'docker' ? null : '7.2.22',
    isolation: host === 'docker' ? ('none' as const) : host === 'kvm' ? ('vm' as const) : ('emulated' as const),
    message: host === 'docker' ? 'QEMU is not installed.' : 'QEMU 7.2 answers.',
    facts: [
      { name: 'Processor', words: host === 'kvm' ? 'KVM' : 'Emulated: KVM was tried and did not start' },
      { name: 'Saved desktops', words: '2, of 8 kept' },
    ],
    machines: 6,
  };
  return {
    at: ago(0),
    checks: [
      { id: 'app', name: 'Wheelhouse', state: 'ok', words: 'Version 0.1.0', fix: null },
      { id: 'disk', name: 'Disk', state: 'ok', words: '212 GB free', fix: null },
    ],
    backends: [
      {
        kind: 'docker',
        reachable: host !== 'qemu',
        version: host === 'qemu' ? null : '27.3',
        isolation: 'container',
        message: host === 'qemu' ? 'Docker does not answer.' : 'Docker 27.3 answers.',
        facts: [],
        machines: 14,
      },
      qemu,
    ],
  };
}

export function images(backend: BackendKind): RequestOutput<'images.list'> {
  const desktop = { name: 'desktop', words: 'The desktop that the set-up made', guestAgent: true };
  return backend === 'qemu'
    ? [desktop, { name: 'own/windows-11', words: 'A guest of your own, screen and keyboard only', guestAgent: false }]
    : [desktop];
}

export const tokens: RequestOutput<'tokens.list'> = [
  {
    tokenId: 't-laptop',
    name: 'Claude Code, laptop',
    role: 'agent',
    pools: ['research', 'office-docker'],
    createdAt: ago(9 * 86_400),
    lastUsedAt: ago(3),
  },
  {
    tokenId: 't-heron',
    name: 'Heron',
    role: 'agent',
    pools: ['office-docker'],
    createdAt: ago(86_400),
    lastUsedAt: ago(7400),
  },
  {
    tokenId: 't-night',
    name: 'Nightly checks',
    role: 'agent',
    pools: [],
    createdAt: ago(40 * 86_400),
    lastUsedAt: null,
  },
  {
    tokenId: 't-script',
    name: 'Reports',
    role: 'operator',
    pools: [],
    createdAt: ago(70_000),
    lastUsedAt: ago(61_000),
  },
];

const boot = [
  '[    0.000000] Linux version 6.1.0-28-cloud-amd64 (debian-kernel@lists.debian.org)',
  '[    0.000000] Command line: console=ttyS0 panic=-1 oops=panic wheelhouse.size=1280x800',
  '[    0.214410] virtio_blk virtio1: [vda] 16777216 512-byte logical blocks (8.59 GB/8.00 GiB)',
  '[    0.391022] EXT4-fs (vda): mounted filesystem without journal. Quota mode: none.',
  '[    0.402911] supervisor: session starts as 990, 1280x800',
  '[    0.403377] supervisor: agent starts as 1000',
  '[    1.702155] agent: listening on 10.0.2.15:4100',
  '[    2.118204] agent: identity taken, boot 4c1f',
];

export function consoleLog(lines: number, step: number): string[] {
  const later = Array.from(
    { length: step },
    (_, index) => `[${(60 + index * 4).toString().padStart(5)}.104233] agent: <b>health</b> ok, ${index + 1}`,
  );
  return [...boot, ...later].slice(-lines);
}
