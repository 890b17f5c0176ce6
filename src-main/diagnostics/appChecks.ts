import { off, ok, warning, type Check } from './diagnostic';

/** What this process is and how it is reached. */
export interface AppFacts {
  version: string;
  /** Electron's version; null in plain Node. */
  electron: string | null;
  unofficialRuntime: boolean;
  /** Null: there is no window. */
  sandboxed: boolean | null;
  headless: boolean;
  /** Where it answers; null: it does not run, and this is a look from outside. */
  url: string | null;
  usualPort: number;
  /** Null: it writes its log to standard error. */
  logFile: string | null;
  /** A look by another process, which knows neither the app's window nor what the app runs on. */
  outside?: boolean;
}

/** Pure. */
export function runtimeWords({ version, electron, unofficialRuntime, outside }: AppFacts, node: string) {
  if (outside) return ok(`Wheelhouse ${version}. This command runs on Node ${node}.`);
  const words = `Wheelhouse ${version} on ${electron === null ? '' : `Electron ${electron}, `}Node ${node}.`;
  return unofficialRuntime
    ? warning(
        `${words} This Electron is an unofficial build, for evaluation.`,
        'WHEELHOUSE_ELECTRON=official npm start',
      )
    : ok(words);
}

/** Pure. */
export function windowWords({ sandboxed, headless }: AppFacts) {
  if (sandboxed === null) return off('There is no window here.');
  const where = headless ? 'It is shown on a virtual display.' : 'It is shown on this computer’s display.';
  return sandboxed
    ? ok(`Its pages run in Chromium’s sandbox. ${where}`)
    : warning(`Running as root, so Chromium’s own sandbox is off. ${where}`, 'start it as an ordinary user');
}

/** Pure. */
export function portWords({ url, usualPort }: AppFacts) {
  if (url === null) return off('No broker runs on this data folder.');
  const port = Number(new URL(url).port);
  return port === usualPort
    ? ok(`It listens at ${url}, on this computer alone.`)
    : warning(
        `It listens at ${url}, on this computer alone, and not on the usual port ${usualPort}: agents need this address.`,
      );
}

export const appChecks = (facts: AppFacts): Check[] => [
  { id: 'runtime', name: 'App', look: async () => runtimeWords(facts, process.versions.node) },
  ...(facts.outside ? [] : [{ id: 'window', name: 'Window', look: async () => windowWords(facts) }]),
  { id: 'port', name: 'Address', look: async () => portWords(facts) },
];
