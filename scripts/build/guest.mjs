import { buildGuest } from '../../src-guest/build.mjs';

await buildGuest({});
