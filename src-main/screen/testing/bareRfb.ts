import { connect } from 'node:net';
import type { OpenRfb } from '../../guest/types';

/** RFB straight from the unix socket at the target's path, with no agent between. For tests and measuring. */
export const bareRfb: OpenRfb = (target, signal) =>
  new Promise((resolve, reject) => {
    const socket = connect(target.path);
    const failed = (error: Error) => {
      signal.removeEventListener('abort', aborted);
      socket.destroy();
      reject(error);
    };
    socket.once('error', failed);
    const aborted = () => failed(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    socket.once('connect', () => {
      socket.off('error', failed);
      signal.removeEventListener('abort', aborted);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
