import { parentPort } from 'node:worker_threads';
import { systemClock } from '../base/clock';
import type { OpenRfb } from '../guest/types';
import { HubHost } from './hub/host';
import type { ToHost } from './hub/protocol';

/** A worker's whole life: serve the port it was born with. */
export function runWorker(openRfb: OpenRfb): void {
  if (!parentPort) throw new Error('The screen worker runs as a worker thread only.');
  const host = new HubHost(parentPort, openRfb, systemClock);
  parentPort.on('message', (message: ToHost) => host.receive(message));
}
