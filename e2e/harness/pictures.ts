import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect } from '@playwright/test';
import type { TestApp } from './app';
import { root } from './runtime';

export const sizes = [
  { width: 1280, height: 800 },
  { width: 1440, height: 900 },
] as const;
export const themes = ['dark', 'light'] as const;

/** Resizes the window's content, as a person who drags its corner. */
export async function resize(app: TestApp, size: { width: number; height: number }): Promise<void> {
  await app.electron.evaluate(({ BrowserWindow }, { width, height }) => {
    BrowserWindow.getAllWindows()[0]?.setContentSize(width, height);
  }, size);
  await expect
    .poll(() => app.page.evaluate(() => [window.innerWidth, window.innerHeight]))
    .toEqual([size.width, size.height]);
}

export async function setTheme(app: TestApp, theme: (typeof themes)[number]): Promise<void> {
  await app.invoke('app.setTheme', { theme });
  await expect(app.page.locator('html')).toHaveAttribute('data-theme', theme);
}

/** A picture of the window as it is, kept in docs/screens: `<view>-<theme>-<width>.png`. */
export async function picture(app: TestApp, view: string, theme: string, width: number): Promise<void> {
  const folder = join(root, 'docs', 'screens');
  await mkdir(folder, { recursive: true });
  await app.page.screenshot({ path: join(folder, `${view}-${theme}-${width}.png`), animations: 'disabled' });
}

/** axe finds nothing: names, roles, contrast, order. */
export async function accessible(app: TestApp, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page: app.page as never }).setLegacyMode(true).analyze();
  const found = violations.map((violation) => ({
    where,
    id: violation.id,
    nodes: violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)),
  }));
  expect.soft(found).toEqual([]);
}

/** The view in both themes and sizes, each accessible and each with its picture. */
export async function lookAtIt(app: TestApp, view: string): Promise<void> {
  for (const size of sizes) {
    await resize(app, size);
    for (const theme of themes) {
      await setTheme(app, theme);
      await app.page.waitForTimeout(300);
      await picture(app, view, theme, size.width);
      await accessible(app, `${view} ${theme} ${size.width}`);
    }
  }
}
