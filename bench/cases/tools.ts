import { sleep } from '../../src-main/base/deadline';
import { ms, type Row } from '../lib/report';
import { startStack, type Call } from '../lib/stack';
import { summarise } from '../lib/stats';

const text = 'The quick brown fox.';

async function waitForWindow(call: Call, title: RegExp): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (title.test(JSON.stringify(await call('list_windows')))) return;
    await sleep(200);
  }
  throw new Error(`No window ${title.source}`);
}

/** A page with text, colours and pictures all over it: expensive to compress. */
const busyPage = `data:text/html,<body style="margin:0"><canvas id=c width=1280 height=700></canvas><script>
const x=c.getContext('2d');for(let i=0;i<9000;i++){x.fillStyle='hsl('+(i*37%25360)+',70%25,'+(30+i%2550)+'%25)';x.fillRect(i*53%251280,i*97%25700,14,9);x.fillText('order '+i,i*31%251280,i*61%25700)}setInterval(()=>x.fillText(Date.now(),Math.random()*1200,Math.random()*700),50)</script>`;

/** One call after the other, the first three not counted; `pauseMs` between them. */
async function calls(n: number, work: (i: number) => Promise<number>, pauseMs = 0): Promise<number[]> {
  const samples: number[] = [];
  for (let i = -3; i < n; i += 1) {
    if (pauseMs > 0) await sleep(pauseMs + (i % 7) * 3);
    const took = await work(i);
    if (i >= 0) samples.push(took);
  }
  return samples;
}

/** The agent's everyday tools through MCP over HTTP, with a stock client in a process of its own. */
export async function tools(): Promise<Row[]> {
  const stack = await startStack({ warm: { minimum: 1, maximum: 2 } });
  try {
    await stack.ready(1);
    const { call, timed } = await stack.agent();
    await call('launch_application', { path: '/usr/bin/xterm', args: ['-geometry', '150x45+0+0'] });
    await waitForWindow(call, /agent|xterm/i);
    await call('type_text', { text: 'ls -la /usr/share | head -60\n' });
    await sleep(800);
    // A picture that did not change is not encoded again, so something changes all the time.
    await call('type_text', { text: 'while sleep 0.05; do date +%N; done\n' });
    await sleep(500);
    const terminal = summarise(await calls(60, () => timed('take_screenshot'), 50));
    await call('press_keys', { keys: ['ctrl', 'c'] });
    await sleep(500);
    const click = summarise(await calls(100, (i) => timed('click', { x: 500 + (i % 50), y: 300, settle: false })));
    const paced = summarise(await calls(60, (i) => timed('click', { x: 500 + (i % 50), y: 300, settle: false }), 50));
    const settled = summarise(await calls(20, () => timed('click', { x: 500, y: 300 })));
    const typed: number[] = [];
    await call('type_text', { text: 'cat > /tmp/typed.txt\n' });
    for (let i = 0; i < 40; i += 1) {
      typed.push(await timed('type_text', { text, settle: false }));
      await call('press_keys', { keys: ['enter'] });
    }
    await call('press_keys', { keys: ['ctrl', 'd'] });
    const proof = (await call('execute_shell_command', { command: 'cat /tmp/typed.txt' })) as { stdout: string };
    const lost = 40 - proof.stdout.split('\n').filter((line) => line === text).length;
    const shell = summarise(await calls(40, () => timed('execute_shell_command', { command: 'true' })));

    await call('launch_application', { path: '/usr/bin/chromium', args: ['--start-maximized', busyPage] });
    await waitForWindow(call, /chromium/i);
    await sleep(4000);
    const busy = summarise(await calls(40, () => timed('take_screenshot'), 50));
    const typing = summarise(typed);
    return [
      row('take_screenshot 1280x800 PNG through MCP, terminal', terminal, 12, 'Bytebot 85 ms'),
      row('take_screenshot 1280x800 PNG through MCP, busy page', busy, 25, 'Bytebot 125 ms'),
      row('click through MCP, without the settle wait', click, 5, 'Bytebot 103 ms'),
      row('click through MCP, 50 ms after the last one’s answer', paced, null, ''),
      row('click through MCP, with the settle wait', settled, null, ''),
      {
        ...row('type_text of 20 characters through MCP', typing, 20, 'Bytebot 4,025 ms'),
        measured: `p50 ${ms(typing.p50)}, p95 ${ms(typing.p95)}; ${lost} of 40 lines lost`,
        met: typing.p50 <= 20 && lost === 0,
      },
      row('execute_shell_command true through MCP', shell, null, ''),
    ];
  } finally {
    await stack.close();
  }
}

function row(what: string, all: ReturnType<typeof summarise>, limit: number | null, peer: string): Row {
  return {
    what,
    measured: `p50 ${ms(all.p50)}, p95 ${ms(all.p95)} (n ${all.n})`,
    target: limit === null ? '' : `p50 <= ${limit} ms (${peer})`,
    met: limit === null ? null : all.p50 <= limit,
    data: { ...all },
  };
}
