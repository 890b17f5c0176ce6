import { createHash } from 'node:crypto';
import { expect, type Page } from '@playwright/test';

/** The session view, by what a person sees and a screen reader hears. */
export class SessionPage {
  constructor(private readonly page: Page) {}

  readonly screen = () => this.page.getByRole('group', { name: 'Screen of the desktop' });
  readonly canvas = () => this.screen().locator('canvas');
  /** What stands for the screen until its first live picture. */
  readonly placeholder = () => this.screen().locator('xpath=..').locator('img').first();
  readonly take = () => this.page.getByRole('button', { name: 'Take control' });
  readonly handBack = () => this.page.getByRole('button', { name: 'Hand back', exact: true });
  readonly note = () => this.page.getByRole('textbox', { name: /note|agent/i });

  async open(sessionId: string): Promise<void> {
    await this.page.evaluate((id) => void (window.location.hash = `/session/${id}`), sessionId);
    await this.live();
  }

  /** A session that is over or stopped: there is no live screen to wait for. */
  async openStill(sessionId: string): Promise<void> {
    await this.page.evaluate((id) => void (window.location.hash = `/session/${id}`), sessionId);
    await expect(this.screen()).toBeAttached();
  }

  async live(): Promise<void> {
    await expect(this.screen()).toHaveAttribute('data-live', /.*/, { timeout: 20_000 });
  }

  async says(flag: string | RegExp): Promise<void> {
    await expect(this.page.getByText(flag).first()).toBeVisible();
  }

  async takeControl(): Promise<void> {
    await this.take().click();
    await this.says('You have the wheel');
  }

  /** Opens the note, types it and hands back. */
  async handBackWith(note: string): Promise<void> {
    await this.handBack().first().click();
    const field = this.page.getByRole('dialog').getByRole('textbox');
    await field.fill(note);
    await field.press('Control+Enter');
    await expect(this.page.getByRole('dialog')).toHaveCount(0);
  }

  /** A digest of what the canvas shows, for "the picture changed". */
  async pixels(): Promise<string> {
    const url = await this.canvas()
      .first()
      .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    return createHash('sha256').update(url).digest('hex');
  }

  /** Clicks at a place of the guest's screen, through the canvas as it is scaled now. */
  async clickGuest(x: number, y: number, guest = { width: 1280, height: 800 }): Promise<void> {
    const box = await this.canvas().first().boundingBox();
    if (!box) throw new Error('The screen is not shown.');
    await this.page.mouse.click(box.x + (x * box.width) / guest.width, box.y + (y * box.height) / guest.height);
  }

  /** Types as hands do: key by key into whatever has the focus. */
  async typeKeys(text: string): Promise<void> {
    for (const character of text)
      await this.page.keyboard.press(character === '\n' ? 'Enter' : character === ' ' ? 'Space' : character);
  }
}
