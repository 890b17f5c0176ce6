import { closeSync, openSync, readSync, statSync, truncateSync, writeFileSync } from 'node:fs';

/** Bytes that QEMU's own words may take before they are cut, and that are kept of them beside. */
const fileBytes = 512 * 1024;
const keptBytes = 64 * 1024;
/** Milliseconds between two looks: QEMU writes some MB in that time at most. */
const everyMs = 2_000;

/** Cuts a log that is too long; its last words go to a file beside it. Never throws. */
export function cutLog(file: string): void {
  try {
    const { size } = statSync(file);
    if (size <= fileBytes) return;
    const last = Buffer.alloc(keptBytes);
    const log = openSync(file, 'r');
    try {
      readSync(log, last, 0, keptBytes, size - keptBytes);
    } finally {
      closeSync(log);
    }
    writeFileSync(`${file}.1`, last, { mode: 0o600 });
    // QEMU has it open for appending: it goes on at the new end.
    truncateSync(file, 0);
  } catch {
    // The machine was destroyed meanwhile.
  }
}

/**
 * QEMU writes its own words straight to a file, as it outlives us, and some of them are about what a guest does wrong: a
 * hostile kernel can have it write without end. Looks now and then for as long as the machine is somebody's. Returns what
 * ends it.
 */
export function boundLog(file: string): () => void {
  cutLog(file);
  const timer = setInterval(() => cutLog(file), everyMs).unref();
  return () => clearInterval(timer);
}
