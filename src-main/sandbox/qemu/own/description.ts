import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { keyboards } from '../../../guest/rfbPath';

/** What a pool writes before a guest's name to mean it: `own/NAME`. */
export const ownPrefix = 'own/';

export const guestNameSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,39}$/,
    'A name has small letters, digits and hyphens, at most 40, and begins with no hyphen.',
  );

const pathSchema = z
  .string()
  .min(1)
  .max(4096)
  .refine(isAbsolute, 'A path from the root on.')
  .refine((path) => !/\p{Cc}/u.test(path), 'A path without control characters.');

/** When the screen of a guest that boots counts as ready. */
export const readyWhenSchema = z.strictObject({
  /** Seconds from its start, at least. */
  minSeconds: z.number().min(0).max(3600).default(15),
  /** Seconds for which less than a hundredth of the picture changed. 0: not asked for. */
  stillSeconds: z.number().min(0).max(600).default(10),
  /** The picture has more than one colour. */
  notBlank: z.boolean().default(true),
});
export type ReadyWhen = z.infer<typeof readyWhenSchema>;

/** Defaults that nearly every system takes; each other value is for one that does not. */
export const guestFields = {
  name: guestNameSchema,
  description: z.string().max(200).default(''),
  /** A qcow2 that stands by itself. Read, never written. */
  disk: pathSchema.optional(),
  /** A CD or DVD, read only. */
  iso: pathSchema.optional(),
  firmware: z.enum(['bios', 'uefi']).default('bios'),
  /** UEFI's variables, copied for each machine; absent: QEMU's empty ones. */
  uefiVars: pathSchema.optional(),
  /** The least that its pool must give it. */
  memoryMiB: z.int().min(16).max(262_144).default(256),
  cpus: z.int().min(1).max(64).default(1),
  diskBus: z.enum(['virtio', 'sata', 'ide']).default('virtio'),
  /** A card on a network that leads nowhere, or no card. */
  nic: z.enum(['none', 'virtio', 'e1000']).default('none'),
  vga: z.enum(['std', 'virtio']).default('std'),
  /** The controller of the USB tablet that makes pointing exact; systems of before 2010 know `uhci` alone. */
  usb: z.enum(['xhci', 'uhci']).default('xhci'),
  /** The layout that is set inside the guest. */
  keyboard: z.enum(keyboards).default('en-us'),
  /** What the guest takes the computer's clock for: Windows wants `localtime`. */
  clock: z.enum(['utc', 'localtime']).default('utc'),
  /** `saved`: booted once, then every machine goes on from there. `boot`: every machine boots. */
  start: z.enum(['saved', 'boot']).default('saved'),
  readyWhen: readyWhenSchema.prefault({}),
};

export const guestSchema = z
  .strictObject({ version: z.literal(1).default(1), ...guestFields })
  .refine(({ disk, iso }) => disk !== undefined || iso !== undefined, 'A guest needs a disk, an ISO, or both.')
  .refine(({ firmware, uefiVars }) => uefiVars === undefined || firmware === 'uefi', {
    message: 'Variables of UEFI need its firmware.',
    path: ['uefiVars'],
  });
export type Guest = z.infer<typeof guestSchema>;
export type GuestInput = z.input<typeof guestSchema>;
