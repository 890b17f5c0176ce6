import { expect, type Locator, type Page } from '@playwright/test';

/** The Pools view and its dialogs, by what a person sees. */
export class PoolsPage {
  constructor(private readonly page: Page) {}

  readonly dialog = () => this.page.getByRole('dialog');
  readonly field = (label: string): Locator => this.dialog().getByRole('textbox', { name: label, exact: true });
  readonly item = (name: string) => this.page.getByRole('navigation', { name: 'Pools' }).getByRole('link', { name });
  readonly counts = () => this.page.getByRole('region', { name: 'Machines', exact: true });
  readonly conditions = () => this.page.getByRole('region', { name: 'Conditions' });
  readonly rows = () => this.page.getByRole('region', { name: 'All machines' }).locator('tbody tr');
  readonly row = (machineId: string) => this.rows().filter({ hasText: machineId });

  async open(poolId?: string): Promise<void> {
    await this.page.evaluate((path) => void (window.location.hash = path), poolId ? `/pools/${poolId}` : '/pools');
  }

  /** Opens a folded part of the dialog; nothing where it is open. */
  async unfold(...titles: string[]): Promise<void> {
    for (const title of titles) {
      const head = this.dialog().getByRole('button', { name: title });
      if ((await head.getAttribute('aria-expanded')) === 'false') await head.click();
    }
  }

  /** One of a few, by the name of the choice and of what is chosen. */
  async choose(choice: string, value: string): Promise<void> {
    const button = this.dialog().getByRole('group', { name: choice }).getByRole('button', { name: value, exact: true });
    await button.click();
    await expect(button).toHaveAttribute('aria-pressed', 'true');
  }

  /** A closer look at a machine, from its row. */
  async look(machineId: string): Promise<void> {
    await this.row(machineId)
      .getByRole('button', { name: `Look at ${machineId}…` })
      .click();
    await expect(this.dialog().getByRole('heading', { name: machineId })).toBeVisible();
  }

  async fill(values: Record<string, string>): Promise<void> {
    for (const [label, value] of Object.entries(values)) await this.field(label).fill(value);
  }

  /** One field says what the machines are. */
  async chooseBackend(name: 'Docker' | 'QEMU'): Promise<void> {
    await this.choose('Backend', name);
  }

  async edit(values: Record<string, string>): Promise<void> {
    await this.page.getByRole('button', { name: 'Edit…' }).click();
    await this.fill(values);
    await this.press('Save');
  }

  /** A button of the dialog; done when the dialog is gone. */
  async press(name: string): Promise<void> {
    await this.dialog().getByRole('button', { name, exact: true }).click();
    await expect(this.dialog()).toHaveCount(0);
  }

  /** So many machines are ready, in the list's words and in the table. */
  async ready(n: number): Promise<void> {
    await expect(this.counts().getByText(`${n} ready`)).toBeVisible({ timeout: 40_000 });
    await expect(this.rows().filter({ hasText: 'Ready' })).toHaveCount(n);
  }
}
