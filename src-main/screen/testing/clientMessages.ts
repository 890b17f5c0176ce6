/** One of every message that a client can send, and what the gate must say of it. */
export const everyClientMessage: readonly {
  name: string;
  type: number;
  verdict: 'pass' | 'input' | 'drop';
  bytes: Buffer;
}[] = [
  { name: 'SetPixelFormat', verdict: 'pass' as const, hex: '00000000 2018000100ff00ff00ff000810000000' },
  { name: 'SetEncodings', verdict: 'pass' as const, hex: '02000002 00000000 00000001' },
  { name: 'FramebufferUpdateRequest', verdict: 'pass' as const, hex: '03 01 0000 0000 0040 0030' },
  { name: 'KeyEvent', verdict: 'input' as const, hex: '04 01 0000 00000061' },
  { name: 'PointerEvent', verdict: 'input' as const, hex: '05 01 000a 000b' },
  { name: 'ClientCutText', verdict: 'input' as const, hex: '06 000000 00000003 414243' },
  { name: 'ClientCutText, empty', verdict: 'input' as const, hex: '06 000000 00000000' },
  { name: 'EnableContinuousUpdates', verdict: 'pass' as const, hex: '96 01 0000 0000 0040 0030' },
  { name: 'Fence', verdict: 'pass' as const, hex: 'f8 000000 80000001 04 01020304' },
  { name: 'Fence, empty', verdict: 'pass' as const, hex: 'f8 000000 80000001 00' },
  { name: 'xvp', verdict: 'drop' as const, hex: 'fa 00 01 02' },
  { name: 'SetDesktopSize', verdict: 'drop' as const, hex: `fb 00 0064 0064 01 00 ${'00'.repeat(16)}` },
  { name: 'gii', verdict: 'drop' as const, hex: 'fd 80 0004 00000000' },
  { name: 'QEMU extended key', verdict: 'drop' as const, hex: 'ff 00 0001 00000061 0000001e' },
  { name: 'QEMU audio on', verdict: 'drop' as const, hex: 'ff 01 0000' },
  { name: 'QEMU audio format', verdict: 'drop' as const, hex: 'ff 01 0002 01 02 0000ac44' },
].map(({ name, verdict, hex }) => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return { name, type: bytes.readUInt8(0), verdict, bytes };
});

/** A stream in pieces of the given lengths, the rest as the last piece. */
export function cutAt(stream: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(stream.subarray(at, at + length));
    at += length;
  }
  pieces.push(stream.subarray(at));
  return pieces.filter((piece) => piece.length > 0);
}
