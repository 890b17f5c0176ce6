import { bundleHouse } from '../lib/bundle';
import { crash } from './run';
const [backend = 'docker', kills = '12', each = '0'] = process.argv.slice(2);
const report = await crash({
  bundle: await bundleHouse(),
  backend: backend as 'docker',
  kills: Number(kills),
  each: Number(each),
  random: Math.random,
  say: console.log,
});
console.log(report);
process.exit(0);
