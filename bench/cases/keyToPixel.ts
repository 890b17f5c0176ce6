import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import type { ElectronApplication, Page } from '@playwright/test';
import { sleep } from '../../src-main/base/deadline';
import { launchApp } from '../lib/app';
import { BareXvnc, desktopImage } from '../lib/bareXvnc';
import { startWebsockify } from '../lib/proxies';
import { ms, type Row } from '../lib/report';
import { percentile, summarise } from '../lib/stats';

const run = promisify(execFile);
const keys = 120;
const turns = 3;

/** Stock noVNC as its own documentation embeds it, served from the package. */
const stockPage = (
  url: string,
) => `<!doctype html><body style="margin:0"><div id="screen" style="width:1280px;height:800px"></div>
<script type="module">import RFB from '/core/rfb.js';
const rfb = new RFB(document.getElementById('screen'), ${JSON.stringify(url)});
rfb.addEventListener('connect', () => { document.body.dataset.live = '1'; rfb.focus(); });</script>`;

async function servePage(websocket: string): Promise<{ server: Server; url: string }> {
  const root = join(process.cwd(), 'node_modules/@novnc/novnc');
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://x').pathname);
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end(stockPage(websocket));
      return;
    }
    readFile(join(root, path)).then(
      (data) =>
        response.setHeader('content-type', extname(path) === '.js' ? 'text/javascript' : 'text/plain').end(data),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

/**
 * Presses keys on the page's canvas one at a time and waits for the first drawing after each: what eyes would see.
 * The same code for both panes, in the same Electron.
 */
function pressAndSee(page: Page, count: number): Promise<number[]> {
  return page.evaluate(async (count) => {
    const canvas =
      [...document.querySelectorAll('canvas')].find((each) => each.width === 1280 && each.tabIndex >= 0) ??
      document.querySelectorAll('canvas')[0];
    if (!canvas) throw new Error('no canvas');
    const context = canvas.getContext('2d')!;
    let drawn: (() => void) | null = null;
    const original = context.drawImage;
    // noVNC flips its back buffer to the canvas by drawImage: the moment at which a changed pixel is there.
    context.drawImage = function (this: CanvasRenderingContext2D, ...args: never[]) {
      (original as (...args: never[]) => void).apply(this, args);
      drawn?.();
    } as typeof context.drawImage;
    canvas.focus();
    const samples: number[] = [];
    const letters = 'abcdefghijklmnop';
    for (let n = 0; n < count; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, 60 + (n % 7) * 9));
      const key = n % 40 === 39 ? 'Enter' : letters[n % letters.length]!;
      const code = key === 'Enter' ? 'Enter' : `Key${key.toUpperCase()}`;
      const start = performance.now();
      const seen = new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no pixel changed')), 3000);
        drawn = () => {
          clearTimeout(timer);
          drawn = null;
          resolve(performance.now() - start);
        };
      });
      canvas.dispatchEvent(new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true }));
      canvas.dispatchEvent(new KeyboardEvent('keyup', { key, code, bubbles: true, cancelable: true }));
      const took = await seen;
      if (n >= 10) samples.push(took);
    }
    context.drawImage = original;
    return samples;
  }, count);
}

async function openStock(electron: ElectronApplication, url: string): Promise<Page> {
  const opened = electron.waitForEvent('window');
  await electron.evaluate(({ BrowserWindow }, url) => {
    const window = new BrowserWindow({
      width: 1440,
      height: 900,
      webPreferences: { sandbox: true, backgroundThrottling: false },
    });
    void window.loadURL(url);
  }, url);
  const page = await opened;
  await page.locator('body[data-live]').waitFor({ timeout: 20_000 });
  return page;
}

/** Our session view beside stock noVNC over websockify on an Xvnc with its defaults, in the same Electron, in turn. */
export async function keyToPixel(): Promise<Row[]> {
  const xvnc = await BareXvnc.start(
    await desktopImage(),
    ['-BlacklistThreshold 1000000'],
    'openbox & sleep 1; exec xterm -geometry 150x45+0+0 +bc',
  );
  const websockify = await startWebsockify(xvnc.socketPath);
  const { server, url } = await servePage(websockify.url);
  const app = await launchApp();
  try {
    const session = await app.page.evaluate(() =>
      window.wheelhouse!.invoke('sessions.start', { poolId: 'desktop', name: 'Key to pixel' }),
    );
    await app.page.evaluate((id) => void (window.location.hash = `/session/${id}`), session.sessionId);
    await app.page.locator('[data-live]').waitFor({ timeout: 20_000 });
    await app.page.getByRole('button', { name: 'Take control' }).click();
    await app.page.getByRole('button', { name: 'Hand back' }).first().waitFor();
    const { stdout } = await run('docker', [
      'ps',
      '-q',
      '--filter',
      `label=dev.wheelhouse.machine=${session.machineId}`,
    ]);
    await run('docker', [
      'exec',
      '-d',
      '-u',
      'agent',
      '-e',
      'DISPLAY=:0',
      '-e',
      'HOME=/home/session',
      stdout.trim(),
      'xterm',
      '-geometry',
      '150x45+0+0',
      '+bc',
    ]);
    const stock = await openStock(app.electron, url);
    await sleep(2500);
    const samples = { ours: [] as number[], stock: [] as number[] };
    for (let turn = 0; turn < turns; turn += 1) {
      samples.ours.push(...(await pressAndSee(app.page, keys)));
      samples.stock.push(...(await pressAndSee(stock, keys)));
    }
    const [us, them] = [summarise(samples.ours), summarise(samples.stock)];
    const ratio = us.p50 / them.p50;
    return [
      {
        what: 'Key to changed pixel in our pane, beside stock noVNC over websockify with Xvnc’s defaults',
        measured: `p50 ${ms(us.p50)} (p95 ${ms(us.p95)}) beside ${ms(them.p50)} (p95 ${ms(them.p95)}): ${ratio.toFixed(2)} times`,
        target: '<= 0.65 times',
        met: ratio <= 0.65,
        data: {
          oursP50: us.p50,
          oursP95: us.p95,
          stockP50: them.p50,
          stockP95: them.p95,
          ratio,
          best: percentile(
            [...samples.ours].sort((a, b) => a - b),
            0.05,
          ),
        },
      },
    ];
  } finally {
    await app.close();
    server.close();
    await websockify.stop();
    await xvnc.stop();
  }
}
