import { createServer } from 'node:net';
import { WheelhouseError } from './errors';

/**
 * Rejects with conflict when somebody listens on the port already: to be asked before anything is begun that would have
 * to be undone. Whoever takes it between this and our own listening is found then.
 */
export function mustBeFree(port: number, host = '127.0.0.1'): Promise<void> {
  if (port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const words = taken ? `Port ${port} is in use. Choose another with --port, or 0 for a free one.` : error.message;
      reject(new WheelhouseError(taken ? 'conflict' : 'internal', words, { port, taken }, { cause: error }));
    });
    probe.listen({ port, host }, () => probe.close(() => resolve()));
  });
}
