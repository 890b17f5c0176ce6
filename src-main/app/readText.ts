import { readFile, stat } from 'node:fs/promises';
import { WheelhouseError } from '../base/errors';

/** A file that a person chose, as UTF-8 text of at most `bytes`. too_large, bad_request, not_supported. */
export async function readText(file: string, bytes: number): Promise<string> {
  let content: Buffer;
  try {
    const found = await stat(file);
    // Before it is read: a device or a pipe has no size and may have no end.
    if (!found.isFile()) throw new WheelhouseError('bad_request', 'This is not a file.');
    if (found.size > bytes) throw new WheelhouseError('too_large', `The file has more than ${bytes} bytes.`, { bytes });
    content = await readFile(file);
  } catch (error) {
    if (error instanceof WheelhouseError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new WheelhouseError('not_supported', `The file could not be read: ${why}`, {}, { cause: error });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (error) {
    throw new WheelhouseError('bad_request', 'The file is not UTF-8 text.', {}, { cause: error });
  }
}
