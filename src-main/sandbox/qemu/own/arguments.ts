import type { Accelerator } from '../accelerator';
import { acceleratorArguments, escaped, sandboxArguments, type Memory } from '../arguments';
import type { Guest } from './description';

/** What a machine of somebody's own system is made of, apart from where it lies. */
export interface OwnHardware {
  accelerator: Accelerator;
  memoryMiB: number;
  /** Whole virtual CPUs. */
  cpus: number;
  /** Pixels that the guest is told its monitor likes best. */
  width: number;
  height: number;
  guest: Guest;
  /** UEFI's code; null: the BIOS that QEMU brings. */
  firmwareCode: string | null;
}

export interface OwnPlace {
  name: string;
  memory: Memory;
  /** An overlay of this machine alone. */
  disk: string | null;
  uefiVars: string | null;
  sockets: { qmp: string; console: string; screen: string };
  pidFile: string;
  incoming: boolean;
}

const mac = '52:54:00:77:68:02';
/** Mebibytes of the screen's memory: enough for 3840x2160 twice. */
const screenMiB = 64;

function diskArguments({ diskBus, disk, iso }: Guest, place: OwnPlace): string[] {
  const args: string[] = [];
  if (diskBus === 'sata') args.push('-device', 'ich9-ahci,id=sata');
  if (disk !== undefined && place.disk !== null) {
    args.push('-drive', `if=none,id=disk,file=${escaped(place.disk)},format=qcow2,cache=unsafe,discard=unmap`);
    const devices = { virtio: 'virtio-blk-pci', sata: 'ide-hd,bus=sata.0', ide: 'ide-hd,bus=ide.0' } as const;
    args.push('-device', `${devices[diskBus]},drive=disk,bootindex=1`);
  }
  if (iso !== undefined) {
    args.push('-drive', `if=none,id=disc,file=${escaped(iso)},format=raw,media=cdrom,readonly=on`);
    args.push('-device', `ide-cd,bus=${diskBus === 'sata' ? 'sata.1' : 'ide.1'},drive=disc,bootindex=2`);
  }
  return args;
}

function networkArguments({ nic }: Guest): string[] {
  if (nic === 'none') return [];
  const card = nic === 'virtio' ? 'virtio-net-pci' : 'e1000';
  return ['-netdev', 'user,id=net,restrict=on,ipv6=off', '-device', `${card},netdev=net,mac=${mac},romfile=`];
}

/**
 * QEMU's whole command line for a system that we know nothing of. As for our own machines: nothing is there by default,
 * QEMU's sandbox is on, every socket lies in a private folder, a network leads nowhere. What differs: a screen card with
 * QEMU's own VNC server, on a unix socket and shared by all who watch; a USB tablet, whose position is the pointer's;
 * a restart from inside is allowed, as systems restart themselves.
 */
export function ownArguments(hardware: OwnHardware, place: OwnPlace): string[] {
  const { guest, width, height, memoryMiB } = hardware;
  const { memory, sockets } = place;
  const socket = (id: string, path: string): string[] => [
    '-chardev',
    `socket,id=${id},path=${escaped(path)},server=on,wait=off`,
  ];
  const card = guest.vga === 'virtio' ? 'virtio-vga' : `VGA,vgamem_mb=${screenMiB}`;
  const flash = (unit: number, path: string, readonly: boolean): string[] => [
    '-drive',
    `if=pflash,unit=${unit},format=raw,readonly=${readonly ? 'on' : 'off'},file=${escaped(path)}`,
  ];
  return [
    ...['-name', `guest=${escaped(place.name)}`],
    '-no-user-config',
    '-nodefaults',
    ...sandboxArguments,
    ...['-pidfile', place.pidFile],
    ...['-machine', `pc,usb=off,vmport=off,dump-guest-core=off${memory.kind === 'own' ? '' : ',memory-backend=ram'}`],
    ...acceleratorArguments(hardware.accelerator),
    ...['-smp', `cpus=${hardware.cpus},sockets=1`],
    ...['-m', `size=${memoryMiB}M`],
    ...(memory.kind === 'own'
      ? []
      : [
          '-object',
          `memory-backend-file,id=ram,size=${memoryMiB}M,mem-path=${escaped(memory.path)},share=${memory.kind === 'written' ? 'on' : 'off'}`,
        ]),
    ...(hardware.firmwareCode === null ? [] : flash(0, hardware.firmwareCode, true)),
    ...(place.uefiVars === null ? [] : flash(1, place.uefiVars, false)),
    ...['-display', 'none'],
    ...['-device', `${card},edid=on,xres=${width},yres=${height}`],
    ...['-vnc', `unix:${escaped(sockets.screen)},share=force-shared`],
    ...['-k', guest.keyboard],
    ...['-device', guest.usb === 'uhci' ? 'piix3-usb-uhci,id=usb' : 'qemu-xhci,id=usb'],
    ...['-device', 'usb-tablet,bus=usb.0'],
    ...['-rtc', `base=${guest.clock},clock=host`],
    ...diskArguments(guest, place),
    ...networkArguments(guest),
    ...['-object', 'rng-random,id=entropy,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=entropy'],
    ...socket('console', sockets.console),
    ...['-serial', 'chardev:console'],
    ...socket('qmp', sockets.qmp),
    ...['-mon', 'chardev=qmp,mode=control'],
    ...(place.incoming ? ['-incoming', 'defer', '-S'] : []),
  ];
}
