import type { Clock } from '../../base/clock';

type Listen = (listener: () => void) => () => void;

/** Resolves when nothing was heard for quietMs, counted from the start or only from the first sound on, or after maxMs. */
function silence(clock: Clock, listen: Listen, quietMs: number, maxMs: number, fromStart: boolean): Promise<void> {
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
    if (fromStart) restart();
  });
}

/**
 * Resolves when something changed and `listen` has been silent for quietMs since, or after maxMs: the sign that a
 * program has shown what it was given.
 */
export const shown = (clock: Clock, listen: Listen, quietMs: number, maxMs: number): Promise<void> =>
  silence(clock, listen, quietMs, maxMs, false);

/** Resolves when `listen` has been silent for quietMs, or after maxMs, whichever comes first. */
export const settle = (clock: Clock, listen: Listen, quietMs: number, maxMs: number): Promise<void> =>
  silence(clock, listen, quietMs, maxMs, true);
