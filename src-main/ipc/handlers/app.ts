import type { Handlers } from '../router';
import type { Shell } from '../rooms';
import type { SystemProbe } from '../systemStats';

export const appHandlers = (shell: Shell, system: SystemProbe) =>
  ({
    'app.info': () => shell.info(),
    'app.stats': () => system.read(),
    'app.copyText': async ({ text }) => {
      await shell.copyText(text);
      return null;
    },
    'app.openHelp': async ({ topic }) => {
      await shell.openHelp(topic);
      return null;
    },
    'app.theme': () => shell.theme(),
    'app.setTheme': ({ theme }) => {
      shell.setTheme(theme);
      return null;
    },
  }) satisfies Partial<Handlers>;
