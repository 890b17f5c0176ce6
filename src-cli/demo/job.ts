import { setTimeout as sleep } from 'node:timers/promises';
import { ControlLost, ToolFailed, type Desktop } from './desktop';
import { readPage, writeReport, type Page } from './orders';
import { findInPng, middleOf } from './picture';

/** The site's one green: what its buttons look like to an agent that can only see. */
const buttonColour = [11, 122, 94] as const;
const reportFile = 'shop-floor-report.txt';
const longestWaitMs = 60 * 60_000;
const longestStartMs = 6 * 60_000;
/** Refusals of a pool whose first machine is still being made. */
const laterCodes = new Set(['acquire_timeout', 'queue_full', 'not_ready']);

export type Tell = (
  event:
    | { event: 'session'; sessionId: string }
    | { event: 'step'; step: string; state: 'running' | 'done'; detail?: string }
    | { event: 'waiting'; message: string },
) => void;

export interface JobResult {
  sessionId: string;
  orders: number;
  handedBack: boolean;
  path: string;
  report: string;
}

/**
 * A clerk's job without a model: read a list of orders across two pages, have a person sign in between, write a
 * report, check that it was saved. Each step looks at the screen before it acts, so that after a change of hands it is
 * simply done again.
 */
export class Job {
  private handedBack = false;

  constructor(
    private readonly desktop: Desktop,
    private readonly tell: Tell,
    /** The pool to take a desktop from; default: the token's first. */
    private readonly pool?: string,
  ) {}

  async run(): Promise<JobResult> {
    const { desktop } = this;
    const sessionId = await this.step('Start a session', () => this.startSession());
    this.tell({ event: 'session', sessionId });

    const url = await this.step('Start the shop floor', () => this.startSite());
    await this.step('Open the order list', () => this.openBrowser(url));
    const first = await this.step('Read page 1', () => this.readOrders(1));
    const behind = await this.step('Go to page 2', () => this.nextPage());
    if (behind === 'signIn') await this.signIn();
    const second = await this.step('Read page 2', () => this.readOrders(2));

    const orders = [...first.orders, ...second.orders];
    if (orders.length !== first.total)
      throw new Error(`The list names ${first.total} orders; ${orders.length} were read`);
    const report = writeReport(orders);
    await this.step('Write the report', () => this.writeInEditor(report));
    const path = await this.step('Check the saved file', () => this.checkFile(report));
    await this.step('Look at the result', async () => void (await desktop.screenshot()));
    return { sessionId, orders: orders.length, handedBack: this.handedBack, path, report };
  }

  /** A desktop that has never been made on this computer takes minutes; from then on it is there at once. */
  private async startSession(): Promise<string> {
    const deadline = performance.now() + longestStartMs;
    for (;;) {
      try {
        const { structured } = await this.desktop.call('start_session', {
          name: 'Shop floor report',
          ...(this.pool !== undefined && { pool: this.pool }),
        });
        return String(structured.sessionId as string);
      } catch (error) {
        const later = error instanceof ToolFailed && laterCodes.has(error.code);
        if (!later || performance.now() > deadline) throw error;
        await sleep(2000);
      }
    }
  }

  /** Does a step, and does it again from its start when a person took control in the middle of it. */
  private async step<T>(step: string, work: () => Promise<T>): Promise<T> {
    this.tell({ event: 'step', step, state: 'running' });
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work();
        this.tell({ event: 'step', step, state: 'done' });
        return result;
      } catch (error) {
        if (!(error instanceof ControlLost) || attempt >= 20) throw error;
        this.tell({ event: 'waiting', message: `${error.message}; waiting for the hand-back` });
        await this.awaitControl();
        await this.desktop.screenshot();
        this.tell({ event: 'step', step, state: 'running', detail: 'again, after the hand-back' });
      }
    }
  }

  /** Resolves when the agent has control again; with a person's answer in words when there was one. */
  private async awaitControl(): Promise<string | null> {
    const deadline = performance.now() + longestWaitMs;
    while (performance.now() < deadline) {
      const { control, help } = await this.desktop.awaitControl(20_000);
      const ended = help.find(({ state }) => state === 'expired' || state === 'withdrawn');
      if (ended && control === 'agent') throw new Error('Nobody came before the call for help ended');
      const open = help.some(({ state }) => state === 'waiting' || state === 'taken');
      if (control === 'agent' && !open) return help.find(({ answer }) => answer)?.answer ?? null;
    }
    throw new Error('Control did not come back within an hour');
  }

  /** The command gives up after 5 s, while the site goes on starting: asked again, it finds it. */
  private async startSite(): Promise<string> {
    let refusal = '';
    const url = await this.desktop.until(
      () =>
        this.desktop.shell('shop-floor').then(
          (text) => text.trim(),
          (error: unknown) => {
            if (error instanceof ControlLost || error instanceof ToolFailed) throw error;
            refusal = error instanceof Error ? error.message : String(error);
            return null;
          },
        ),
      6000,
    );
    if (url === null) throw new Error(refusal);
    return url;
  }

  /** A browser's tabs and toolbar are pages of their own, each with a process: on a slow machine only the list is opened. */
  private async openBrowser(url: string): Promise<void> {
    if (!(await this.desktop.titles()).some((title) => /Shop floor/.test(title))) {
      await this.desktop.call('launch_application', {
        path: 'chromium',
        args: this.desktop.isSlow ? [`--app=${url}`] : [url],
      });
    }
    await this.desktop.windowTitled(/Shop floor/, 60_000);
  }

  /** A place in the page's margin, left of everything that can be clicked. */
  private async margin(): Promise<{ x: number; y: number }> {
    const { structured } = await this.desktop.call('get_screen_size');
    return { x: 14, y: Math.round(Number(structured.height) * 0.6) };
  }

  private async readBrowser(): Promise<Page> {
    const title = await this.desktop.windowTitled(/Shop floor/, 10_000);
    await this.desktop.call('activate_window', { title });
    return readPage(await this.desktop.copyAll(await this.margin()));
  }

  private async readOrders(page: number): Promise<Extract<Page, { kind: 'orders' }>> {
    const seen = await this.desktop.until(async () => {
      const found = await this.readBrowser();
      return found.kind === 'orders' && found.page === page ? found : null;
    }, 15_000);
    if (!seen) throw new Error(`Page ${page} of the orders is not on the screen`);
    if (seen.orders.length === 0) throw new Error(`Page ${page} shows no orders`);
    return seen;
  }

  /** Clicks the button that is on the screen; resolves with what came. */
  private async nextPage(): Promise<'orders' | 'signIn'> {
    await this.clickButton();
    const title = await this.desktop.windowTitled(/^(Sign in|Orders, page 2)/, 10_000);
    return title.startsWith('Sign in') ? 'signIn' : 'orders';
  }

  private async clickButton(): Promise<void> {
    const spot = await this.desktop.until(async () => findInPng(await this.desktop.screenshot(), buttonColour), 8000);
    if (!spot) throw new Error('There is no button on the screen');
    await this.desktop.call('click', middleOf(spot));
  }

  /** Asks for a person until the page behind the sign-in is there; a code given as an answer is typed in. */
  private async signIn(): Promise<void> {
    const step = 'Have a person sign in';
    this.tell({ event: 'step', step, state: 'running' });
    for (let attempt = 1; attempt <= 3; attempt++) {
      const why =
        attempt === 1
          ? 'The second page of the order list asks for a 6-digit code that I do not have. Take control, enter the code, press Sign in, then hand back.'
          : `The page still asks for the 6-digit code (try ${attempt}). Take control, enter the code, press Sign in, then hand back.`;
      this.tell({ event: 'waiting', message: 'Asked for a person: the page wants a code' });
      await this.desktop.call('request_human', { why, urgency: 'now', timeoutSeconds: 3600 });
      const answer = await this.awaitControl();
      this.handedBack = true;
      // What was seen before the hand-back is stale.
      await this.desktop.screenshot();
      if (answer) await this.typeCode(answer);
      const there = await this.desktop.until(
        async () => (await this.desktop.titles()).find((title) => title.startsWith('Orders, page 2')) ?? null,
        5000,
      );
      if (there) {
        this.tell({ event: 'step', step, state: 'done' });
        return;
      }
    }
    throw new Error('After three hand-backs the page still asks for the code');
  }

  /** Takes a code that a person sent in words instead of entering it. */
  private async typeCode(answer: string): Promise<void> {
    const code = /\b\d{3}[ -]?\d{3}\b/.exec(answer)?.[0].replace(/\D/g, '');
    if (!code || !(await this.desktop.titles()).some((title) => title.startsWith('Sign in'))) return;
    await this.step('Enter the code', async () => {
      const spot = await findInPng(await this.desktop.screenshot(), buttonColour);
      if (!spot) return;
      // The field is right above its button.
      const { x, y } = middleOf(spot);
      await this.desktop.call('click', { x, y: y - 70, clickCount: 3 });
      await this.desktop.call('type_text', { text: `${code}\n` });
    });
  }

  private async writeInEditor(report: string): Promise<void> {
    const { desktop } = this;
    const title = new RegExp(reportFile.replace('.', '\\.'));
    if (!(await desktop.titles()).some((each) => title.test(each))) {
      await desktop.call('launch_application', { path: 'mousepad', args: [`/home/session/${reportFile}`] });
    }
    const window = await desktop.windowTitled(title, 15_000);
    await desktop.call('activate_window', { title: window });
    // Whatever an interrupted try left behind goes.
    await desktop.call('press_keys', { keys: ['ctrl', 'a'] });
    await desktop.call('type_text', { text: report });
    await desktop.call('press_keys', { keys: ['ctrl', 's'] });
  }

  private async checkFile(report: string): Promise<string> {
    const path = `/home/session/${reportFile}`;
    let found = '';
    const saved = await this.desktop.until(async () => {
      found = await this.desktop.readFile(path);
      return found.trim() === report.trim() ? found : null;
    }, 8000);
    if (saved === null) {
      throw new Error(`The saved file is not the report; it has ${found.length} characters, not ${report.length}`);
    }
    return path;
  }
}
