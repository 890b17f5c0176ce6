import { expect, type Page } from '@playwright/test';

/** A session's checkpoints beside its screen, by what a person sees. */
export class CheckpointsPage {
  constructor(private readonly page: Page) {}

  readonly tab = () => this.page.getByRole('tab', { name: /^Checkpoints/ });
  readonly list = () => this.page.getByRole('region', { name: 'Checkpoints, newest first' });
  readonly row = (name: string) => this.list().getByRole('article', { name, exact: true });
  readonly dialog = () => this.page.getByRole('dialog');

  /** Saves by the keyboard's way, with a name; resolves when it is in the list and whole. */
  async save(name: string): Promise<void> {
    await this.page.keyboard.press('Control+Shift+KeyS');
    await this.dialog().getByRole('textbox', { name: 'Name' }).fill(name);
    await this.confirm('Save');
    await this.whole(name);
  }
  /** It is saved: there are ways back to it. */
  async whole(name: string): Promise<void> {
    await expect(this.row(name).getByRole('button', { name: `Rewind to ${name}…` })).toBeEnabled({ timeout: 30_000 });
  }
  async rewind(name: string): Promise<void> {
    await this.open();
    await this.row(name)
      .getByRole('button', { name: `Rewind to ${name}…` })
      .click();
    await this.confirm('Rewind');
  }
  /** From the block in the timeline that tells of its making. */
  async rewindFromTimeline(name: string): Promise<void> {
    await this.page.getByRole('tab', { name: 'Timeline' }).click();
    await this.page
      .getByRole('button', { name: `Rewind to here, ${name}…` })
      .first()
      .click();
    await this.confirm('Rewind');
  }
  async branch(name: string, as: string): Promise<void> {
    await this.open();
    await this.row(name)
      .getByRole('button', { name: `Branch from ${name}…` })
      .click();
    await this.dialog().getByRole('textbox', { name: 'Name of the new session' }).fill(as);
    await this.confirm('Start the branch');
  }
  async remove(name: string): Promise<void> {
    await this.open();
    await this.row(name)
      .getByRole('button', { name: `More for ${name}` })
      .click();
    await this.page.getByRole('menuitem', { name: `Delete ${name}…` }).click();
    await this.confirm(`Delete ${name}`);
  }

  async open(): Promise<void> {
    await this.tab().click();
    await expect(this.list()).toBeVisible();
  }
  private async confirm(button: string): Promise<void> {
    await this.dialog().getByRole('button', { name: button, exact: true }).click();
    await expect(this.dialog()).toHaveCount(0, { timeout: 30_000 });
  }
}
