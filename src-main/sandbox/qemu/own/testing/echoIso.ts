/**
 * A system of 114 bytes: it says who it is, then shows each key that is typed and sends it to the first serial port, so
 * that a test can read what arrived. F1 changes the mode of the screen (640x480 instead of 720x400).
 *
 *       cli; xor ax,ax; mov ds,ax; mov es,ax; mov ss,ax; mov sp,0x7c00; sti; cld
 *       mov ax,0x0003; int 0x10                                 ; text, 80x25
 *       mov si,msg
 * next: lodsb; test al,al; jz keys; call put; jmp next
 * keys: xor ah,ah; int 0x16                                     ; waits for a key: AH its code, AL its character
 *       cmp ah,0x3b; je graphics
 *       call put; cmp al,13; jne keys; mov al,10; call put; jmp keys
 * graphics: mov ax,0x0012; int 0x10; jmp keys                   ; graphics, 640x480
 * put:  push ax; mov ah,0x0e; mov bx,7; int 0x10; pop ax; push ax
 *       mov cl,al; mov dx,0x3fd
 * wait: in al,dx; test al,0x20; jz wait; mov al,cl; mov dx,0x3f8; out dx,al; pop ax; ret
 * msg:  "Wheelhouse echo. Type: ", 0
 */
const program = Buffer.from(
  [
    'fa31c08ed88ec08ed0bc007cfbfcb80300cd10be5a7cac84c07405e82000ebf6',
    '30e4cd1680fc3b740ee812003c0d75f0b00ae80900ebe9b81200cd10ebe250b4',
    '0ebb0700cd10585088c1bafd03eca82074fb88c8baf803ee58c3576865656c68',
    '6f757365206563686f2e20547970653a2000',
  ].join(''),
  'hex',
);
export const greeting = 'Wheelhouse echo. Type: ';

const sector = 2048;
/** Sectors of the disc: ECMA-119 has its descriptors from 16 on; the other two may lie anywhere. */
const at = { volume: 16, bootRecord: 17, end: 18, catalogue: 19, image: 20 } as const;

/** A disc that a BIOS starts from ("El Torito" Bootable CD-ROM Format Specification 1.0, 2 and 7), with nothing else on it. */
export function echoIso(): Buffer {
  const disc = Buffer.alloc(sector * 64);
  const descriptor = (number: number, type: number): Buffer => {
    const part = disc.subarray(number * sector, (number + 1) * sector);
    part[0] = type;
    part.write('CD001\x01', 1, 'latin1');
    return part;
  };
  descriptor(at.volume, 1).write('ECHO'.padEnd(32), 40, 'latin1');
  const record = descriptor(at.bootRecord, 0);
  record.write('EL TORITO SPECIFICATION', 7, 'latin1');
  record.writeUInt32LE(at.catalogue, 0x47);
  descriptor(at.end, 255);

  const catalogue = disc.subarray(at.catalogue * sector);
  catalogue[0] = 1;
  catalogue.writeUInt16LE(0xaa55, 30);
  let sum = 0;
  for (let word = 0; word < 32; word += 2) sum += catalogue.readUInt16LE(word);
  catalogue.writeUInt16LE((0x10000 - (sum & 0xffff)) & 0xffff, 28);
  // Bootable, no emulation of a floppy, four sectors of 512 bytes.
  catalogue[32] = 0x88;
  catalogue.writeUInt16LE(4, 32 + 6);
  catalogue.writeUInt32LE(at.image, 32 + 8);
  program.copy(disc, at.image * sector);
  return disc;
}
