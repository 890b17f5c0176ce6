import { readFileSync } from 'node:fs';
import type { WebSocket } from 'ws';
import { sleep, within } from '../../src-main/base/deadline';
import { BareXvnc, desktopImage } from '../lib/bareXvnc';
import { startOurs, startWebsockify, type Proxy } from '../lib/proxies';
import { ms, type Row } from '../lib/report';
import { BenchViewer } from '../lib/rfbViewer';
import { percentile, round, sample, summarise } from '../lib/stats';

const turns = 5;
const secondsATurn = 2;
const deadlineMs = 20_000;

/** Full pictures, two asked for at all times; a server may answer both with one. Megabytes a second. */
async function throughput(url: string): Promise<number> {
  const viewer = await BenchViewer.connect(url);
  const start = performance.now();
  let bytes = 0;
  viewer.requestFull();
  viewer.requestFull();
  while (performance.now() - start < secondsATurn * 1000) {
    bytes += await viewer.update();
    viewer.requestFull();
  }
  const took = performance.now() - start;
  viewer.close();
  return bytes / took / 1000;
}

async function roundTrips(url: string): Promise<number[]> {
  const viewer = await BenchViewer.connect(url);
  const samples = await sample(300, () => viewer.roundTrip(), 20);
  viewer.close();
  return samples;
}

const rssMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** Memory of our relay while a viewer asks for full pictures without end and reads none. */
async function stalled(proxy: Proxy): Promise<number> {
  const before = rssMiB(proxy.pid);
  const viewer = await BenchViewer.connect(proxy.url);
  const socket = (viewer as unknown as { socket: WebSocket }).socket;
  socket.pause();
  let most = 0;
  // A server answers several questions that wait with one picture, so they come one by one.
  for (let n = 0; n < 200; n += 1) {
    viewer.requestFull();
    await sleep(20);
    if (n % 10 === 0) most = Math.max(most, rssMiB(proxy.pid) - before);
  }
  viewer.close();
  return most;
}

/** Ours and websockify on the same Xvnc, in turn, each in a process of its own. */
export async function relay(): Promise<Row[]> {
  const xvnc = await BareXvnc.start(await desktopImage(), ['-FrameRate 250', '-BlacklistThreshold 1000000']);
  const proxies = { ours: await startOurs(xvnc.socketPath), websockify: await startWebsockify(xvnc.socketPath) };
  const rates = { ours: [] as number[], websockify: [] as number[] };
  const trips = { ours: [] as number[], websockify: [] as number[] };
  try {
    for (let turn = 0; turn < turns; turn += 1) {
      for (const name of ['ours', 'websockify'] as const) {
        const { url } = proxies[name];
        rates[name].push(await within(throughput(url), deadlineMs, `Throughput of ${name}`));
        trips[name].push(...(await within(roundTrips(url), deadlineMs, `Round trips of ${name}`)));
      }
    }
    const memory = await stalled(proxies.ours);
    const median = (list: number[]) =>
      percentile(
        [...list].sort((a, b) => a - b),
        0.5,
      );
    const [us, them] = [median(rates.ours), median(rates.websockify)];
    const [quick, peer] = [summarise(trips.ours), summarise(trips.websockify)];
    return [
      {
        what: 'Relay throughput, every message parsed, beside websockify on the same Xvnc',
        measured: `${round(us)} MB/s beside ${round(them)} MB/s`,
        target: 'no less than websockify',
        met: us >= them,
        data: { ours: us, websockify: them },
      },
      {
        what: 'Relay round trip (Fence there and back), beside websockify',
        measured: `p50 ${ms(quick.p50)}, p95 ${ms(quick.p95)} beside p50 ${ms(peer.p50)}, p95 ${ms(peer.p95)}`,
        target: 'p50 no more than websockify',
        met: quick.p50 <= peer.p50,
        data: { oursP50: quick.p50, oursP95: quick.p95, websockifyP50: peer.p50, websockifyP95: peer.p95 },
      },
      {
        what: 'Relay memory with a viewer that asks and never reads',
        measured: `${round(memory)} MiB more`,
        target: 'bounded',
        met: memory < 64,
        data: { memory },
      },
    ];
  } finally {
    await proxies.ours.stop();
    await proxies.websockify.stop();
    await xvnc.stop();
  }
}
