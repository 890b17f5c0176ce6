import { MessageChannel, Worker } from 'node:worker_threads';
import { systemClock } from '../../base/clock';
import type { OpenRfb } from '../../guest/types';
import { HubHost } from './host';
import type { FromHost, Port, ToHost } from './protocol';

export interface Shell {
  port: Port<ToHost>;
  stop(): Promise<void>;
}

interface ShellHooks {
  onMessage(message: FromHost): void;
  /** The other side ended by itself. */
  onExit(reason: string): void;
}

/** Decoding happens in a thread of its own: the main loop never sees a pixel. */
export function startWorker(url: URL, hooks: ShellHooks): Shell {
  const worker = new Worker(url, { name: 'screen' });
  let stopping = false;
  let failure = 'it stopped';
  worker.on('message', (message: FromHost) => hooks.onMessage(message));
  worker.on('error', (error: Error) => {
    failure = error.message;
  });
  worker.on('exit', () => {
    if (!stopping) hooks.onExit(`The screen worker failed: ${failure}.`);
  });
  return {
    port: worker,
    async stop() {
      stopping = true;
      await worker.terminate();
    },
  };
}

/** The same host in this thread, over a real message channel so that nothing but plain data can pass. For tests. */
export function startInline(openRfb: OpenRfb, hooks: ShellHooks): Shell {
  const { port1, port2 } = new MessageChannel();
  const host = new HubHost(port2, openRfb, systemClock);
  port2.on('message', (message: ToHost) => host.receive(message));
  port1.on('message', (message: FromHost) => hooks.onMessage(message));
  return {
    port: port1,
    async stop() {
      host.closeAll();
      port1.close();
    },
  };
}
