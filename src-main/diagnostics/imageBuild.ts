import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { SetupStatus, SetupWay } from '@shared/ipc';
import { iso, type Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { Logger } from '../base/logger';

type Build = NonNullable<SetupStatus['build']>;

/** What `scripts/image/build.mjs --json` and `scripts/image/qemu/build.mjs --json` print, one object a line. */
const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('start'), tag: z.string(), steps: z.array(z.object({ name: z.string() })) }),
  z.object({
    event: z.literal('step'),
    name: z.string(),
    state: z.enum(['running', 'done', 'failed']),
    seconds: z.number().nullable(),
  }),
  z.object({ event: z.literal('progress'), percent: z.number(), secondsLeft: z.number() }),
  z.object({ event: z.literal('log'), line: z.string() }),
  z.object({ event: z.literal('done'), tag: z.string(), built: z.boolean() }),
  z.object({ event: z.literal('failed'), message: z.string(), fix: z.string().nullable() }),
]);
export type BuildEvent = z.infer<typeof eventSchema>;

const logLines = 200;

/** Pure: the build as the window shows it, after one more event. */
export function applyBuildEvent(build: Build, event: BuildEvent): Build {
  switch (event.event) {
    case 'start':
      return { ...build, steps: event.steps.map(({ name }) => ({ name, state: 'waiting', seconds: null })) };
    case 'step':
      return {
        ...build,
        steps: build.steps.map((step) =>
          step.name === event.name ? { name: step.name, state: event.state, seconds: event.seconds } : step,
        ),
      };
    case 'progress':
      return {
        ...build,
        percent: Math.max(build.percent, Math.min(100, event.percent)),
        secondsLeft: event.secondsLeft,
      };
    case 'log':
      return { ...build, log: [...build.log.slice(1 - logLines), event.line] };
    case 'done':
      return { ...build, percent: 100, secondsLeft: 0 };
    case 'failed':
      return { ...build, error: event.fix ? `${event.message} ${event.fix}` : event.message };
  }
}

export interface ImageBuild {
  current(): Build | null;
  running(): boolean;
  /**
   * Resolves with true when an image was made, false when it failed or was cancelled; a second call joins the first.
   * Throws conflict while the other image is being made: they share the disk and the processors.
   */
  start(way: SetupWay): Promise<boolean>;
  cancel(): void;
}

/** Runs the project's own image script as a process of its own, so that the app's loop never waits for it. */
export function createImageBuild(options: {
  scripts: Record<SetupWay, string>;
  clock: Clock;
  logger: Logger;
  onChange(): void;
  /** Plain Node inside Electron: ELECTRON_RUN_AS_NODE. */
  execPath: string;
  env: NodeJS.ProcessEnv;
}): ImageBuild {
  let build: Build | null = null;
  let child: ChildProcess | null = null;
  let cancelled = false;
  let going: Promise<boolean> | null = null;

  const change = (next: Build) => {
    build = next;
    options.onChange();
  };
  const read = (line: string) => {
    if (!build) return;
    let event: BuildEvent;
    try {
      event = eventSchema.parse(JSON.parse(line));
    } catch {
      return;
    }
    change(applyBuildEvent(build, event));
  };
  const run = (way: SetupWay) =>
    new Promise<boolean>((resolve) => {
      cancelled = false;
      change({
        backend: way,
        startedAt: iso(options.clock.now()),
        percent: 0,
        secondsLeft: null,
        steps: [],
        log: [],
        error: null,
      });
      const started = spawn(options.execPath, [options.scripts[way], '--json'], {
        env: options.env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      createInterface({ input: started.stdout }).on('line', read);
      let errors = '';
      started.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
      const end = (ok: boolean, reason: string) => {
        if (child !== started) return;
        child = null;
        going = null;
        if (build && !ok && !cancelled && build.error === null) build = { ...build, error: reason };
        if (cancelled) build = null;
        if (!ok && !cancelled) options.logger.warn({ reason, errors }, 'the image build failed');
        options.onChange();
        resolve(ok && !cancelled);
      };
      started.on('error', (error) => end(false, `The build could not be started: ${error.message}`));
      started.on('close', (code) =>
        end(code === 0, errors.trim().split('\n').at(-1) || `The build ended with ${code}.`),
      );
    });

  return {
    current: () => build,
    running: () => child !== null,
    start(way) {
      if (going && build?.backend !== way) {
        throw new WheelhouseError('conflict', 'Another image is being built. Wait for it, or cancel it first.');
      }
      return (going ??= run(way));
    },
    cancel() {
      if (!child) return;
      cancelled = true;
      child.kill('SIGTERM');
    },
  };
}
