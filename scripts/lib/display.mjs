import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';

/**
 * Starts a virtual display and resolves with its name (":99") and the way to end it. Xvfb chooses a free number itself.
 * @param {{ size?: string, seconds?: number }} [options] `size`: width x height x depth
 */
export const startDisplay = ({ size = '1920x1200x24', seconds = 15 } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', size, '-nolisten', 'tcp', '-noreset'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      // Ctrl+C reaches the whole group: the display must outlive the app, or the app can't end in order.
      detached: true,
    });
    const stop = () => {
      process.off('exit', stop);
      child.kill();
    };
    process.on('exit', stop);
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`Xvfb did not start within ${seconds} s`));
    }, seconds * 1000);
    const decoder = new StringDecoder('utf8');
    let text = '';
    child.on('error', () => {
      clearTimeout(timer);
      reject(new Error('Xvfb could not be started: sudo apt-get install xvfb'));
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`Xvfb ended with ${code}`));
    });
    child.stdio[3].on('data', (data) => {
      text += decoder.write(data);
      if (!text.includes('\n')) return;
      clearTimeout(timer);
      resolve({ name: `:${text.trim()}`, stop });
    });
  });
