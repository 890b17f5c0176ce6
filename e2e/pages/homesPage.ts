import { expect, type Page } from '@playwright/test';

/** The list of all homes, by what a person sees. */
export class HomesPage {
  constructor(private readonly page: Page) {}

  readonly rows = () => this.page.getByRole('region', { name: 'All homes' }).locator('tbody tr');
  readonly row = (homeId: string) => this.rows().filter({ hasText: homeId });
  readonly dialog = () => this.page.getByRole('dialog');
  readonly button = (homeId: string, verb: 'Download' | 'Delete') =>
    this.row(homeId).getByRole('button', { name: new RegExp(`^${verb} ${homeId}…`) });

  async open(): Promise<void> {
    await this.page.evaluate(() => void (window.location.hash = '/homes'));
    await expect(this.page.getByRole('heading', { name: 'Homes', exact: true })).toBeVisible();
  }

  async remove(homeId: string): Promise<void> {
    await this.button(homeId, 'Delete').click();
    await this.dialog()
      .getByRole('button', { name: `Delete ${homeId}`, exact: true })
      .click();
    await expect(this.dialog()).toHaveCount(0);
  }
}
