import { nativeTheme } from 'electron';

export type ThemeChoice = 'system' | 'dark' | 'light';

/** The choice is kept in the store's settings; what is in force follows the system where `system` is chosen. */
export function createTheme(options: {
  read(): unknown;
  write(theme: ThemeChoice): void;
  announce(theme: 'dark' | 'light'): void;
}) {
  const stored = options.read();
  nativeTheme.themeSource = stored === 'dark' || stored === 'light' ? stored : 'system';
  nativeTheme.on('updated', () => options.announce(nativeTheme.shouldUseDarkColors ? 'dark' : 'light'));
  return {
    get: (): ThemeChoice => nativeTheme.themeSource,
    set(theme: ThemeChoice): void {
      options.write(theme);
      nativeTheme.themeSource = theme;
    },
  };
}
