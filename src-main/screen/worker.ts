import { openRfb } from '../guest/index';
import { runWorker } from './runWorker';

runWorker(openRfb);
