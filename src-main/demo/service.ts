import { randomBytes, randomInt } from 'node:crypto';
import type { DemoStatus, SetupWay } from '@shared/ipc';
import type { Clock } from '../base/clock';
import { asWheelhouseError } from '../base/errors';
import type { Logger } from '../base/logger';
import type { Broker } from '../broker/types';
import type { AttentionQueue, Control } from '../control/types';
import type { Identity } from '../server/identity';
import { startAgentProcess, type AgentProcess } from './agentProcess';
import { codeFile, hashedCode, spacedCode } from './code';
import { applyEvent, offStatus, readEvent, type DemoEvent } from './events';

export interface DemoService {
  status(): DemoStatus;
  /** Starts the demo agent, on this backend when one is named; while it runs, says how it stands instead. */
  start(way?: SetupWay): Promise<DemoStatus>;
  /** Ends it. A session whose job is not done is released; a finished one stays to be looked at. */
  stop(): Promise<DemoStatus>;
}

/** A pool, and how many times longer than in a container things take on its machines. */
export interface DemoPlace {
  poolId: string;
  patience: number;
}

export interface DemoOptions {
  /** The built demo agent (`out/main/demoAgent.js`). */
  script: string;
  /** What runs it; default: this process's executable. */
  execPath?: string;
  url: string;
  /** Where the agent gets its desktop. May throw: then the demo has failed, in those words. */
  place(way: SetupWay | undefined): DemoPlace | Promise<DemoPlace>;
  identity: Pick<Identity, 'createEphemeral'>;
  broker: Pick<Broker, 'connect' | 'release'>;
  control: Pick<Control, 'state'>;
  attention: Pick<AttentionQueue, 'setPersonNote'>;
  clock: Clock;
  logger: Logger;
  /** After every change. */
  announce(status: DemoStatus): void;
  /** Six digits; default: random. For tests. */
  makeCode?: () => string;
  startAgent?: typeof startAgentProcess;
}

const randomCode = (): string => String(randomInt(0, 1_000_000)).padStart(6, '0');

/**
 * The demo for the app: starts the agent's process with a token of its own, and plays the part of the shop that sends
 * a code to a person. The code goes to the call for help, which only people see; the guest gets its salted hash.
 */
export function createDemo(options: DemoOptions): DemoService {
  const { clock, logger, broker, makeCode = randomCode, startAgent = startAgentProcess } = options;
  let status = offStatus;
  let running: { process: AgentProcess; withdraw(): void } | null = null;

  const change = (next: DemoStatus): void => {
    status = next;
    options.announce(next);
  };
  const isOver = () => status.state === 'done' || status.state === 'failed' || status.state === 'off';

  const giveCode = async (sessionId: string): Promise<void> => {
    const code = makeCode();
    const { guest } = await broker.connect(sessionId);
    const { epoch } = options.control.state(sessionId);
    await guest.writeFile({ epoch, path: codeFile, data: hashedCode(code, randomBytes(16)), mode: 0o600 });
    options.attention.setPersonNote(sessionId, `The code is ${spacedCode(code)}`);
  };

  const take = (event: DemoEvent): void => {
    change(applyEvent(status, event));
    if (event.event !== 'session') return;
    giveCode(event.sessionId).catch((error: unknown) => {
      logger.error({ err: error, sessionId: event.sessionId }, 'the demo’s code could not be set up');
      if (!isOver()) change({ ...status, state: 'failed', message: asWheelhouseError(error).message });
      void running?.process.stop();
    });
  };

  return {
    status: () => status,
    async start(way) {
      if (running || status.state === 'starting') return status;
      change({ ...offStatus, state: 'starting', step: 'Start the demo agent' });
      let place: DemoPlace;
      try {
        place = await options.place(way);
      } catch (error) {
        change({ ...status, state: 'failed', message: asWheelhouseError(error).message });
        return status;
      }
      const token = options.identity.createEphemeral('Demo agent', 'agent');
      const process_ = startAgent({
        execPath: options.execPath ?? process.execPath,
        script: options.script,
        order: { url: options.url, token: token.secret, pool: place.poolId, patience: place.patience },
        clock,
        logger,
        onLine(line) {
          const event = readEvent(line);
          if (event) take(event);
          else logger.warn({ line: line.slice(0, 200) }, 'the demo agent printed something unknown');
        },
        onEnd(reason) {
          token.withdraw();
          running = null;
          if (!isOver()) change({ ...status, state: 'failed', message: reason });
        },
      });
      running = { process: process_, withdraw: () => token.withdraw() };
      return status;
    },
    async stop() {
      const unfinished = running && !isOver() ? status.sessionId : null;
      const going = running;
      if (going) {
        change({ ...status, state: 'off', message: null });
        going.withdraw();
        await going.process.stop();
      }
      if (unfinished) {
        await broker.release(unfinished, 'the demo', 'the demo was stopped').catch((error: unknown) => {
          logger.debug({ err: error, sessionId: unfinished }, 'the demo’s session had ended');
        });
      }
      change(offStatus);
      return status;
    },
  };
}
