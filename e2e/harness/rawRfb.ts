import { everyClientMessage } from '../../src-main/screen/testing/clientMessages';
import { RawViewer } from '../../src-main/screen/testing/rawViewer';

export { everyClientMessage, RawViewer };

/** A key pressed and let go. RFC 6143, 7.5.4. */
export function keyPress(keysym: number): Buffer {
  const message = (down: boolean) => {
    const bytes = Buffer.alloc(8);
    bytes[0] = 4;
    bytes[1] = down ? 1 : 0;
    bytes.writeUInt32BE(keysym, 4);
    return bytes;
  };
  return Buffer.concat([message(true), message(false)]);
}

/** Text as keys; ASCII and line ends. */
export const keyPresses = (text: string): Buffer =>
  Buffer.concat([...text].map((character) => keyPress(character === '\n' ? 0xff0d : character.charCodeAt(0))));

/** A click at a place. RFC 6143, 7.5.5. */
export function clickAt(x: number, y: number): Buffer {
  const message = (mask: number) => {
    const bytes = Buffer.alloc(6);
    bytes[0] = 5;
    bytes[1] = mask;
    bytes.writeUInt16BE(x, 2);
    bytes.writeUInt16BE(y, 4);
    return bytes;
  };
  return Buffer.concat([message(1), message(0)]);
}
