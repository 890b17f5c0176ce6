import { expect, type Page } from '@playwright/test';

/** The dialog "Connect an agent". */
export class ConnectPage {
  constructor(private readonly page: Page) {}

  readonly dialog = () => this.page.getByRole('dialog', { name: 'Connect an agent' });
  readonly button = (name: string) => this.dialog().getByRole('button', { name, exact: true });
  readonly field = (name: string) => this.dialog().getByRole('textbox', { name, exact: true });
  readonly light = () => this.dialog().getByRole('group', { name: 'First call' });
  readonly lines = (client: string) =>
    this.dialog().getByRole('tabpanel', { name: client, exact: true }).getByLabel(`Lines for ${client}`);
  /** A step of the light, lit or not. */
  readonly step = (words: string, lit: boolean) =>
    this.light()
      .getByRole('listitem')
      .filter({ hasText: words })
      .getByLabel(lit ? 'Done' : 'Not yet');

  async open(): Promise<void> {
    await this.page.keyboard.press('Control+k');
    await this.page.getByRole('combobox', { name: 'Search and commands' }).fill('Connect an agent');
    await this.page.keyboard.press('Enter');
    await expect(this.dialog()).toBeVisible();
  }

  async make(name: string): Promise<void> {
    await this.field('Name').fill(name);
    await this.button('Make the token').click();
    await expect(this.field('Token')).toBeVisible();
  }

  async lit(...steps: boolean[]): Promise<void> {
    const words = ['Reached the broker', 'Token accepted', 'First tool call'];
    for (const [index, each] of words.entries()) await expect(this.step(each, steps[index] ?? false)).toBeVisible();
  }
}
