import { connect } from 'node:net';
import type { OpenRfb } from '../../guest/types';

/** RFB straight from the unix socket at the target's path, with no agent between. For tests and measuring. */
export const bareRfb: OpenRfb = (target, signal) =>
  new Promise((resolve, reject) => {
    const socket = connect(target.path);
    const failed = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.once('error', failed);
    signal.addEventListener('abort', () => failed(signal.reason as Error), { once: true });
    socket.once('connect', () => {
      socket.off('error', failed);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
