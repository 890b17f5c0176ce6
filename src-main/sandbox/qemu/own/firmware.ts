import { existsSync } from 'node:fs';
import { WheelhouseError } from '../../../base/errors';

/** UEFI for a virtual computer: code that is shared, and variables of which every machine has its own. */
export interface Firmware {
  code: string;
  vars: string;
}

/** Where Debian, Fedora, Arch and Homebrew put it. */
const places: readonly Firmware[] = [
  { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', vars: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
  { code: '/usr/share/OVMF/OVMF_CODE.fd', vars: '/usr/share/OVMF/OVMF_VARS.fd' },
  { code: '/usr/share/edk2/x64/OVMF_CODE.4m.fd', vars: '/usr/share/edk2/x64/OVMF_VARS.4m.fd' },
  { code: '/opt/homebrew/share/qemu/edk2-x86_64-code.fd', vars: '/opt/homebrew/share/qemu/edk2-i386-vars.fd' },
  { code: '/usr/local/share/qemu/edk2-x86_64-code.fd', vars: '/usr/local/share/qemu/edk2-i386-vars.fd' },
];

/** Throws image_missing with what to install. */
export function findFirmware(exists: (path: string) => boolean = existsSync): Firmware {
  const found = places.find(({ code, vars }) => exists(code) && exists(vars));
  if (found) return found;
  throw new WheelhouseError(
    'image_missing',
    'There is no UEFI firmware (OVMF) on this computer. On Debian: sudo apt-get install ovmf.',
  );
}
