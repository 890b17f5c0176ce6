import { resolve } from 'node:path';
import type { Command } from 'commander';
import { ownPrefix, type Guest, type GuestInput } from '../../src-main/sandbox/qemu/own/description';
import {
  guestsFolder,
  listGuests,
  readDescription,
  removeGuest,
  saveGuest,
} from '../../src-main/sandbox/qemu/own/guestFolder';
import { inspectGuest } from '../../src-main/sandbox/qemu/own/inspect';
import { answer, common, dataDirOf, type CommonOptions } from '../context';
import { UsageError } from '../errors';
import { fields, table, type Io } from '../output';

interface AddOptions extends CommonOptions {
  disk?: string;
  iso?: string;
  description?: string;
  firmware?: Guest['firmware'];
  uefiVars?: string;
  memory?: string;
  cpus?: string;
  diskBus?: Guest['diskBus'];
  nic?: Guest['nic'];
  vga?: Guest['vga'];
  usb?: Guest['usb'];
  keyboard?: Guest['keyboard'];
  clock?: Guest['clock'];
  start?: Guest['start'];
  readyAfter?: string;
  stillFor?: string;
  blankIsReady?: boolean;
}

const number = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new UsageError(`--${name} takes a number, not "${text}".`);
  return value;
};
const path = (text: string | undefined): string | undefined => (text === undefined ? undefined : resolve(text));

/** What was said; what was not has its default in the description's schema. */
function described(name: string, options: AddOptions): GuestInput {
  const { description, firmware, diskBus, nic, vga, usb, keyboard, clock, start } = options;
  const readyWhen = {
    minSeconds: number('ready-after', options.readyAfter),
    stillSeconds: number('still-for', options.stillFor),
    notBlank: options.blankIsReady === true ? false : undefined,
  };
  return {
    ...{ name, description, firmware, diskBus, nic, vga, usb, keyboard, clock, start, readyWhen },
    ...{ disk: path(options.disk), iso: path(options.iso), uefiVars: path(options.uefiVars) },
    ...{ memoryMiB: number('memory', options.memory), cpus: number('cpus', options.cpus) },
  };
}

const seconds = ({ minSeconds, stillSeconds, notBlank }: Guest['readyWhen']): string =>
  `after ${minSeconds} s, when the screen has been still for ${stillSeconds} s${notBlank ? ' and is not blank' : ''}`;

const words = (guest: Guest): string =>
  fields([
    ['image', `${ownPrefix}${guest.name}`],
    ['description', guest.description || null],
    ['disk', guest.disk === undefined ? null : `${guest.disk} (${guest.diskBus})`],
    ['iso', guest.iso ?? null],
    ['firmware', guest.firmware],
    ['needs', `${guest.cpus} cores, ${guest.memoryMiB} MiB`],
    ['network', guest.nic === 'none' ? 'none' : `${guest.nic}, which leads nowhere`],
    ['screen', guest.vga],
    ['keyboard', guest.keyboard],
    ['ready', seconds(guest.readyWhen)],
    ['machines', guest.start === 'saved' ? 'go on from where it was saved, once' : 'boot, each of them'],
  ]);

/** Guests are files of the data folder: these commands need no server, and one that runs sees them at once. */
export function guestCommands(program: Command, io: Io): void {
  const guests = program
    .command('guests')
    .description('systems of your own (a qcow2 or an ISO) for pools of QEMU machines, as image own/NAME');

  common(guests.command('list')).action((options: CommonOptions) =>
    answer(io, options, listGuests(guestsFolder(dataDirOf(options))), (all) =>
      table(
        ['IMAGE', 'FROM', 'NEEDS', 'KEYBOARD', 'STATE'],
        all.map(({ name, known, problem }) => [
          `${ownPrefix}${name}`,
          known === null ? null : (known.guest.disk ?? known.guest.iso),
          known === null ? null : `${known.guest.cpus} cores, ${known.guest.memoryMiB} MiB`,
          known === null ? null : known.guest.keyboard,
          known === null ? problem : 'ok',
        ]),
      ),
    ),
  );

  common(guests.command('add').argument('<name>', 'small letters, digits and hyphens'))
    .description('describe a system; its files stay where they are and are never written')
    .option('--disk <file>', 'a qcow2 that rests on no other file')
    .option('--iso <file>', 'a CD or DVD')
    .option('--description <text>', 'what people read where they choose an image')
    .option('--firmware <bios|uefi>', 'how it starts (default: bios)')
    .option('--uefi-vars <file>', 'variables of UEFI that it was installed with')
    .option('--memory <MiB>', 'the least that a pool must give it (default: 256)')
    .option('--cpus <n>', 'the least that a pool must give it (default: 1)')
    .option('--disk-bus <virtio|sata|ide>', 'what its disk hangs on (default: virtio)')
    .option('--nic <none|virtio|e1000>', 'a network card; it leads nowhere (default: none)')
    .option('--vga <std|virtio>', 'its graphics card (default: std)')
    .option('--usb <xhci|uhci>', 'the controller of its pointer; uhci for systems before 2010 (default: xhci)')
    .option('--keyboard <en-us|en-gb|de|fr|es>', 'the layout that is set inside (default: en-us)')
    .option('--clock <utc|localtime>', 'what it takes the clock for; Windows: localtime (default: utc)')
    .option('--start <saved|boot>', 'boot once and go on from there, or boot every machine (default: saved)')
    .option('--ready-after <seconds>', 'it is not ready before (default: 15)')
    .option('--still-for <seconds>', 'it is ready when its screen has not changed for so long (default: 10)')
    .option('--blank-is-ready', 'an empty screen is a picture too')
    .action(async (name: string, options: AddOptions) => {
      const guest = readDescription(described(name, options));
      await inspectGuest(guest, AbortSignal.timeout(60_000));
      saveGuest(guestsFolder(dataDirOf(options)), guest);
      answer(io, options, guest, words);
    });

  common(guests.command('remove').argument('<name>'))
    .description('forget a system; its files stay')
    .action((name: string, options: CommonOptions) => {
      removeGuest(guestsFolder(dataDirOf(options)), name);
      answer(io, options, { removed: name }, () => `Removed ${name}. Its files are where they were.\n`);
    });
}
