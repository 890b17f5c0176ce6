/**
 * Follows named steps and says how far the whole is. A step's `seconds` is what it took on a small machine; the share
 * of a running step grows with its time and stops short of its end, so that the number never goes back.
 * @param {{ name: string, seconds: number }[]} steps @param {() => number} now milliseconds
 */
export const createProgress = (steps, now) => {
  const states = steps.map((step) => ({ ...step, state: 'waiting', startedAt: 0, took: null }));
  const total = steps.reduce((sum, step) => sum + step.seconds, 0);
  const spent = (step) => (step.state === 'running' ? (now() - step.startedAt) / 1000 : 0);
  const share = (step) => {
    if (step.state === 'done') return step.seconds;
    return Math.min(step.seconds * 0.95, spent(step));
  };
  const find = (name) => {
    const step = states.find((candidate) => candidate.name === name);
    if (!step) throw new Error(`no step named ${name}`);
    return step;
  };
  return {
    start(name) {
      Object.assign(find(name), { state: 'running', startedAt: now() });
    },
    finish(name) {
      const step = find(name);
      step.took = step.state === 'running' ? spent(step) : 0;
      step.state = 'done';
    },
    fail(name) {
      const step = find(name);
      step.took = spent(step);
      step.state = 'failed';
    },
    running: () => states.find((step) => step.state === 'running')?.name ?? null,
    seconds: (name) => find(name).took ?? 0,
    percent: () => Math.min(100, Math.floor((100 * states.reduce((sum, step) => sum + share(step), 0)) / total)),
    secondsLeft: () =>
      Math.ceil(
        states.reduce((sum, step) => sum + (step.state === 'done' ? 0 : Math.max(step.seconds - share(step), 1)), 0),
      ),
  };
};
