import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { linkLimits } from '@shared/link';
import { GuestError } from '../guestError';

/**
 * Files of the session, as its own user: under its home and /tmp, by their real places, the last part never a symbolic
 * link. What the rules let through is no more than what the session's programs may do themselves.
 */
export class SessionFiles {
  private readonly roots: readonly string[];

  constructor(
    private readonly home: string,
    temporary = '/tmp',
  ) {
    this.roots = [home, temporary];
  }

  /** Throws bad_request, not_found, too_large (4 MiB). */
  async read(path: string): Promise<Buffer> {
    const place = await this.place(path);
    // Without NONBLOCK the opening of a pipe would wait for its writer.
    const handle = await this.open(place, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      await this.mustBeFile(handle, path);
      // One byte more than allowed, so that a file that grows meanwhile is seen.
      const buffer = Buffer.alloc(linkLimits.fileBytes + 1);
      let size = 0;
      while (size < buffer.length) {
        const { bytesRead } = await handle.read(buffer, size, Math.min(buffer.length - size, 256 * 1024), size);
        if (bytesRead === 0) break;
        size += bytesRead;
      }
      if (size > linkLimits.fileBytes) throw tooLarge(path);
      return buffer.subarray(0, size);
    } finally {
      await handle.close();
    }
  }

  /** Makes or replaces the file; its folder must exist. `mode` for a new file (0644). Throws bad_request, not_found, too_large. */
  async write(path: string, data: Buffer, mode = 0o644): Promise<void> {
    if (data.length > linkLimits.fileBytes) throw tooLarge(path);
    const place = await this.place(path);
    const handle = await this.open(place, constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK, mode);
    try {
      await this.mustBeFile(handle, path);
      await handle.truncate(0);
      await handle.writeFile(data);
    } finally {
      await handle.close();
    }
  }

  private async place(path: string): Promise<string> {
    const asked = resolve(this.home, path);
    let folder: string;
    try {
      folder = await realpath(dirname(asked));
    } catch (error) {
      throw translated(error, dirname(asked));
    }
    const place = join(folder, basename(asked));
    const roots = await Promise.all(this.roots.map((root) => realpath(root)));
    if (roots.some((root) => place.startsWith(`${root}/`))) return place;
    throw new GuestError('bad_request', `${path} is outside ${this.roots.join(' and ')}.`);
  }

  private async open(place: string, flags: number, mode?: number): Promise<FileHandle> {
    try {
      return await open(place, flags | constants.O_NOFOLLOW, mode);
    } catch (error) {
      throw translated(error, place);
    }
  }

  private async mustBeFile(handle: FileHandle, path: string): Promise<void> {
    const facts = await handle.stat();
    if (!facts.isFile()) throw new GuestError('bad_request', `${path} is not a file.`);
  }
}

const tooLarge = (path: string) => new GuestError('too_large', `${path} has more than ${linkLimits.fileBytes} bytes.`);

function translated(error: unknown, path: string): GuestError {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return new GuestError('not_found', `${path} does not exist.`);
    case 'ELOOP':
      return new GuestError('bad_request', `${path} is a symbolic link.`);
    case 'EACCES':
    case 'EPERM':
      return new GuestError('forbidden', `${path} may not be opened.`);
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENXIO':
      return new GuestError('bad_request', `${path} is not a file.`);
    default:
      return new GuestError('guest_failed', `${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
