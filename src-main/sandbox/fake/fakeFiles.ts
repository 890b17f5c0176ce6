export const homeFolder = '/home/session';

/** A fake machine's files. Those of a home that is kept are told with every change, so that nothing of it is lost. */
export class FakeFiles extends Map<string, Buffer> {
  constructor(private readonly keep?: (home: [path: string, data: Buffer][]) => void) {
    super();
  }

  override set(path: string, data: Buffer): this {
    super.set(path, data);
    if (isHome(path)) this.keep?.(this.home());
    return this;
  }
  override delete(path: string): boolean {
    const was = super.delete(path);
    if (was && isHome(path)) this.keep?.(this.home());
    return was;
  }
  private home(): [string, Buffer][] {
    return [...this].filter(([path]) => isHome(path));
  }
}

export const isHome = (path: string): boolean => path.startsWith(`${homeFolder}/`);
