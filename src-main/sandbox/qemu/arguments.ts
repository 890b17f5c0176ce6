import type { Accelerator } from './accelerator';

/** What a machine is made of, apart from where it lies: the same for the template and all its clones. */
export interface Hardware {
  accelerator: Accelerator;
  memoryMiB: number;
  /** Whole virtual CPUs. */
  cpus: number;
  kernel: string;
  initrd: string;
  /** The kernel's command line. */
  append: string;
  /** What the image says of its inside: where the agent listens, and the name of the port for the boot line. */
  guest: { address: string; port: number; bootPort: string };
}

export type Memory =
  /** The template writes the file, so that it holds the machine's memory when it is stopped. */
  | { kind: 'written'; path: string }
  /** A clone maps the file copy on write: it reads what it has not written from the template's pages. */
  | { kind: 'private'; path: string }
  | { kind: 'own' };

export interface Place {
  /** Found again by it in the list of processes; holds no secret. */
  name: string;
  memory: Memory;
  disk: string;
  /** What the disk lies over, where that is not the file which the disk itself names. */
  backing?: string | undefined;
  /** A home that a saved state was saved with: the same card in the same place as one that is plugged in. */
  home?: string | undefined;
  sockets: { qmp: string; console: string; boot: string };
  pidFile: string;
  /** Waits for a saved state instead of starting. */
  incoming: boolean;
}

/** QEMU splits its options at commas; a doubled one stands for itself. */
export const escaped = (value: string): string => value.replaceAll(',', ',,');

/** The one MAC address and the one network inside: machines never share a network, so they need not differ. */
const mac = '52:54:00:77:68:01';
/** Mebibytes of translated code: QEMU's default takes up to a quarter of the memory (1 GiB). */
const translatedMiB = 128;

/** Denied: old system calls, other users' rights, new processes, changes of priorities. It stays open what QEMU itself needs. */
export const sandboxArguments = [
  '-sandbox',
  'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
] as const;

/** Emulation walks the page tables itself: without the fifth level, which nothing here fills, it is a tenth faster. */
const processors: Record<Accelerator, string> = { kvm: 'host', hvf: 'host', whpx: 'max', tcg: 'max,la57=off' };

export const acceleratorArguments = (accelerator: Accelerator): string[] => [
  ...['-accel', accelerator === 'tcg' ? `tcg,tb-size=${translatedMiB}` : accelerator],
  ...['-cpu', processors[accelerator]],
];

/** Plugged in or there from the start, a home is the same to a saved state: same name, same place on the bus. */
export const homeDevice = {
  driver: 'virtio-blk-pci',
  id: 'home',
  drive: 'home',
  serial: 'home',
  bus: 'pci.0',
  addr: '0x10',
} as const;
/** What the machine calls written is handed to the system then, as by a real disk; what it gives up or zeroes takes no room. */
export const homeNode = (path: string) => ({
  driver: 'qcow2',
  'node-name': 'home',
  discard: 'unmap',
  'detect-zeroes': 'unmap',
  file: { driver: 'file', filename: path, discard: 'unmap' },
});
const homeArguments = (path: string): string[] => [
  ...['-blockdev', JSON.stringify(homeNode(path))],
  ...['-device', JSON.stringify(homeDevice)],
];

/**
 * QEMU's whole command line. Nothing is there by default; no display, no sound, no USB, no firmware of the network card;
 * a network that leads nowhere but from one port of this computer to the agent; control, console and boot line on
 * private sockets. Secrets never come here: every user of the computer can read it.
 */
export function qemuArguments(hardware: Hardware, place: Place): string[] {
  const { memory, sockets } = place;
  const { guest } = hardware;
  const socket = (id: string, path: string): string[] => [
    '-chardev',
    `socket,id=${id},path=${escaped(path)},server=on,wait=off`,
  ];
  return [
    ...['-name', `guest=${escaped(place.name)}`],
    '-no-user-config',
    '-nodefaults',
    ...sandboxArguments,
    ...['-pidfile', place.pidFile],
    ...['-machine', `pc,usb=off,vmport=off,dump-guest-core=off${memory.kind === 'own' ? '' : ',memory-backend=ram'}`],
    ...acceleratorArguments(hardware.accelerator),
    ...['-smp', `cpus=${hardware.cpus}`],
    ...['-m', `size=${hardware.memoryMiB}M`],
    ...(memory.kind === 'own'
      ? []
      : [
          '-object',
          `memory-backend-file,id=ram,size=${hardware.memoryMiB}M,mem-path=${escaped(memory.path)},share=${memory.kind === 'written' ? 'on' : 'off'}`,
        ]),
    ...['-display', 'none', '-vga', 'none'],
    '-no-reboot',
    ...['-rtc', 'base=utc,clock=host'],
    // A machine's disk is thrown away with it: nothing is gained by waiting for it to reach the platter.
    ...[
      '-drive',
      `if=none,id=disk,file=${escaped(place.disk)},format=qcow2,cache=unsafe,discard=unmap${place.backing === undefined ? '' : `,backing.driver=qcow2,backing.file.filename=${escaped(place.backing)}`}`,
    ],
    ...['-device', 'virtio-blk-pci,drive=disk'],
    // The kernel chooses the port: one that was looked for first could be taken by then.
    ...['-netdev', `user,id=net,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:0-${guest.address}:${guest.port}`],
    ...['-device', `virtio-net-pci,netdev=net,mac=${mac},romfile=`],
    ...['-object', 'rng-random,id=entropy,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=entropy'],
    ...socket('console', sockets.console),
    ...['-serial', 'chardev:console'],
    ...socket('boot', sockets.boot),
    ...['-device', 'virtio-serial-pci,max_ports=2', '-device', `virtserialport,chardev=boot,name=${guest.bootPort}`],
    ...socket('qmp', sockets.qmp),
    ...['-mon', 'chardev=qmp,mode=control'],
    ...['-kernel', hardware.kernel, '-initrd', hardware.initrd, '-append', hardware.append],
    ...(place.home === undefined ? [] : homeArguments(place.home)),
    ...(place.incoming ? ['-incoming', 'defer', '-S'] : []),
  ];
}
