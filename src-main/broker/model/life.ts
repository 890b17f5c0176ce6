import type { SandboxBackend } from '../../sandbox/backend';
import type { ConnectGuest, GuestClient } from '../../guest/types';

/** What a dead process waits for. */
const never = new Promise<never>(() => {});
/** One for all: a trace for each would cost more than the rest of a life. */
const gone = new Error('This process is dead.');
/** What answers without a promise, and changes nothing. */
const atOnce = ['linkPath', 'describe', 'onExit', 'onLost', 'close'];

/**
 * One life of the broker's process. After its death nothing that it began comes back to it and nothing that it still
 * tries reaches the world: every commit throws, every call of a backend or guest is never answered, no listener hears.
 * What an engine was told before goes on there, as it does when a process dies.
 */
export class Life {
  dead = false;
  /** Calls to backends and guests that have no answer yet. */
  pending = 0;
  private left: number | null = null;
  private readonly clients = new Set<GuestClient>();

  /** `moved` hears that something happens, `passed` of each point. */
  constructor(
    private readonly moved: () => void,
    private readonly passed: (point: string) => void,
  ) {}

  /** It dies at the nth point from now. */
  doom(nth: number): void {
    this.left = Math.max(1, nth);
  }
  kill(): void {
    this.dead = true;
    // The kernel closes what a dead process had open.
    for (const client of this.clients) client.close();
    this.clients.clear();
  }
  readonly fault = (point: string): void => {
    this.moved();
    if (this.dead) throw gone;
    if (this.left !== null && --this.left <= 0) {
      this.kill();
      // A commit that is over is over, whatever became of who made it.
      this.passed(point);
      throw new Error(`killed at ${point}`);
    }
    this.passed(point);
  };

  backend(backend: SandboxBackend): SandboxBackend {
    return this.mortal(backend, ['checkpoints', 'homes']);
  }
  connect(connect: ConnectGuest): ConnectGuest {
    return async (target, signal) => {
      const opened = connect(target, signal).then((client) => {
        if (this.dead) client.close();
        return client;
      });
      const client = await this.bound(opened);
      this.clients.add(client);
      return this.mortal(client, []);
    };
  }
  bound<T>(work: Promise<T>): Promise<T> {
    if (this.dead) {
      work.catch(() => {});
      return never;
    }
    this.pending += 1;
    this.moved();
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.pending -= 1;
        this.moved();
        if (!this.dead) settle();
      };
      work.then(
        (value) => end(() => resolve(value)),
        (error: unknown) => end(() => reject(error)),
      );
    });
  }

  private mortal<T extends object>(target: T, rooms: readonly string[]): T {
    return new Proxy(target, {
      get: (of, name) => {
        const value: unknown = Reflect.get(of, name);
        if (typeof value === 'object' && value !== null && rooms.includes(String(name))) return this.mortal(value, []);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (this.dead && !atOnce.includes(String(name))) return never;
          const deaf = args.map((arg) =>
            typeof arg === 'function' ? (...heard: unknown[]) => (this.dead ? undefined : arg(...heard)) : arg,
          );
          const answer: unknown = Reflect.apply(value, of, deaf);
          return answer instanceof Promise ? this.bound(answer) : answer;
        };
      },
    });
  }
}
