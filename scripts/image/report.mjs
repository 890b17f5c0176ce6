/**
 * Tells a person or a program how the build goes: lines for a terminal, or one JSON object a line.
 * @param {{ json: boolean, quiet?: boolean, what?: string, progress: ReturnType<typeof import('./progress.mjs').createProgress> , write?: (text: string) => void }} options `quiet`: nothing is said when nothing was to be done
 */
export const createReporter = ({
  json,
  quiet = false,
  what = 'desktop image',
  progress,
  write = (text) => void process.stdout.write(text),
}) => {
  const emit = (event) => write(`${JSON.stringify(event)}\n`);
  const say = (text) => write(`${text}\n`);
  const tell = () => {
    if (json) emit({ event: 'progress', percent: progress.percent(), secondsLeft: progress.secondsLeft() });
  };
  let last = Date.now();
  const ticker = setInterval(() => {
    tell();
    // A long step says that it still runs; a terminal's reader has no bar.
    if (!json && Date.now() - last > 20_000 && progress.running()) {
      last = Date.now();
      say(`    ${String(progress.percent()).padStart(3)} %  ${progress.running()} …`);
    }
  }, 1000);
  ticker.unref();
  const finished = new Set();
  return {
    begin(tag, steps) {
      if (json)
        emit({ event: 'start', tag, steps: steps.map(({ name, seconds }) => ({ name, expectedSeconds: seconds })) });
      else say(`Making the ${what} ${tag}`);
    },
    start(name) {
      progress.start(name);
      last = Date.now();
      if (json) emit({ event: 'step', name, state: 'running', seconds: null });
      tell();
    },
    finish(name) {
      if (finished.has(name)) return;
      finished.add(name);
      progress.finish(name);
      const seconds = Number(progress.seconds(name).toFixed(1));
      if (json) emit({ event: 'step', name, state: 'done', seconds });
      else say(`    ${String(progress.percent()).padStart(3)} %  ${name} (${seconds} s)`);
      tell();
    },
    log(line) {
      if (json) emit({ event: 'log', line: line.slice(0, 400) });
    },
    done(tag, built, started) {
      clearInterval(ticker);
      if (json) emit({ event: 'done', tag, built, seconds: Number(((Date.now() - started) / 1000).toFixed(1)) });
      else if (!built && !quiet) say(`The ${what} is there: ${tag}`);
    },
    failed(error) {
      const name = progress.running();
      if (name) progress.fail(name);
      if (json && name)
        emit({ event: 'step', name, state: 'failed', seconds: Number(progress.seconds(name).toFixed(1)) });
      if (json) emit({ event: 'failed', message: error.message, fix: error.fix ?? null, step: name });
      else if (error.tail) for (const line of error.tail.slice(-12)) say(`      ${line}`);
    },
    close: () => clearInterval(ticker),
  };
};
