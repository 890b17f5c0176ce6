import type { RequestOutput } from '@shared/ipc';
import { call } from '../lib/api';

export type ThemeChoice = RequestOutput<'app.theme'>;

export function applyTheme(theme: 'dark' | 'light'): void {
  document.documentElement.dataset['theme'] = theme;
}

const systemTheme = () => (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark');

/** The choice is kept by the main process, which also announces what "system" means when that changes. */
export async function followTheme(): Promise<void> {
  const choice = await call('app.theme', {}).catch(() => 'system' as const);
  applyTheme(choice === 'system' ? systemTheme() : choice);
}

export async function chooseTheme(choice: ThemeChoice): Promise<void> {
  await call('app.setTheme', { theme: choice });
  applyTheme(choice === 'system' ? systemTheme() : choice);
}
