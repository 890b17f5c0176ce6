import { readFileSync, writeFileSync } from 'node:fs';
import { linkCalls } from '@shared/link';

const schema = linkCalls.mark.args.shape.mark;

/**
 * That somebody had this machine. It lies in this program's memory, and in a folder of its own user, for an agent that
 * should ever start in a machine that had one before; no program of the session reaches either.
 */
export class UsedMark {
  private current: string | null;

  constructor(private readonly path: string) {
    this.current = read(path);
  }

  get(): string | null {
    return this.current;
  }
  /** Holds from now on, also where the disk is full. */
  set(mark: string): void {
    this.current = mark;
    try {
      writeFileSync(this.path, mark, { mode: 0o600 });
    } catch {
      // This program ends with its machine: what it remembers is what counts.
    }
  }
}

function read(path: string): string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  const mark = schema.safeParse(text);
  return mark.success ? mark.data : 'a mark that can’t be read';
}
