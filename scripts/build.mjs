// `npm run build`: builds the in-guest agent and the app where their sources changed.
import { setUp } from './setup/index.mjs';

await setUp({ electron: false, docker: 'no' }).catch(() => process.exit(1));
