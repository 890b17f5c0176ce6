/** Bits of a file's mode, stat(2). */
const kinds = { folder: 0o040000, file: 0o100000, link: 0o120000, device: 0o020000 };
const align = (length) => Buffer.alloc((4 - (length % 4)) % 4);

/**
 * An archive as the kernel takes it for an initial ramdisk ("newc", Linux, Documentation/driver-api/early-userspace/buffer-format.rst). Everything
 * belongs to root and carries no time, so that the same content gives the same bytes.
 * @param {{ kind: keyof typeof kinds, name: string, mode: number, data?: Buffer | string, major?: number, minor?: number }[]} entries
 *   folders before what is in them; a link's data is where it points
 */
export const cpio = (entries) => {
  const parts = [];
  const add = (inode, { kind, name, mode, data = '', major = 0, minor = 0 }) => {
    const body = Buffer.from(data);
    const path = Buffer.from(`${name}\0`);
    const type = kind === null ? 0 : kinds[kind] | mode;
    const fields = [inode, type, 0, 0, 1, 0, body.length, 0, 0, major, minor, path.length, 0];
    const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
    parts.push(header, path, align(header.length + path.length), body, align(body.length));
  };
  entries.forEach((entry, index) => add(index + 1, entry));
  add(0, { kind: null, name: 'TRAILER!!!', mode: 0 });
  return Buffer.concat(parts);
};
