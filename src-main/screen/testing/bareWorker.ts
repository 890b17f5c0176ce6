import { runWorker } from '../runWorker';
import { bareRfb } from './bareRfb';

runWorker(bareRfb);
