import type { Clock } from '../../base/clock';

/**
 * Resolves when something changed and `listen` has been silent for quietMs since, or after maxMs: the sign that a
 * program has shown what it was given.
 */
export function shown(
  clock: Clock,
  listen: (listener: () => void) => () => void,
  quietMs: number,
  maxMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    let stopQuiet: () => void = () => {};
    const done = () => {
      stopQuiet();
      stopMax();
      unlisten();
      resolve();
    };
    const stopMax = clock.after(maxMs, done);
    const unlisten = listen(() => {
      stopQuiet();
      stopQuiet = clock.after(quietMs, done);
    });
  });
}

/** Resolves when `listen` has been silent for quietMs, or after maxMs, whichever comes first. */
export function settle(
  clock: Clock,
  listen: (listener: () => void) => () => void,
  quietMs: number,
  maxMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    let stopQuiet: () => void = () => {};
    const done = () => {
      stopQuiet();
      stopMax();
      unlisten();
      resolve();
    };
    const restart = () => {
      stopQuiet();
      stopQuiet = clock.after(quietMs, done);
    };
    const stopMax = clock.after(maxMs, done);
    const unlisten = listen(restart);
    restart();
  });
}
