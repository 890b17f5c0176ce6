import { randomBytes, randomInt } from 'node:crypto';
import type { DemoStatus } from '@shared/ipc';
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
  /** Starts the demo agent; while it runs, says how it stands instead. */
  start(): Promise<DemoStatus>;
  /** Ends it. A session whose job is not done is released; a finished one stays to be looked at. */
  stop(): Promise<DemoStatus>;
}

export interface DemoOptions {
  /** The built demo agent (`out/main/demoAgent.js`). */
  script: string;
  /** What runs it; default: this process's executable. */
  execPath?: string;
  url: string;
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
    start() {
      if (running) return Promise.resolve(status);
      change({ ...offStatus, state: 'starting', step: 'Start the demo agent' });
      const token = options.identity.createEphemeral('Demo agent', 'agent');
      const process_ = startAgent({
        execPath: options.execPath ?? process.execPath,
        script: options.script,
        url: options.url,
        token: token.secret,
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
      return Promise.resolve(status);
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
