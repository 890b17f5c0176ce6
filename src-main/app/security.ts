import { app, session, type WebContents } from 'electron';
import type { Logger } from '../base/logger';

/**
 * Every window, whoever makes it: no permission, no navigation away, no popup, no webview. Trust is not asked of the
 * page: a script that got into it could still only speak the checked contract.
 */
export function hardenApp(logger: Logger): void {
  const deny = (what: string) => logger.warn({ what }, 'refused something the window asked for');
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) => {
    deny(`permission ${permission}`);
    answer(false);
  });
  session.defaultSession.setPermissionCheckHandler(() => false);
  session.defaultSession.setDevicePermissionHandler(() => false);
  const guard = (contents: WebContents) => {
    contents.on('will-navigate', (event, url) => {
      if (isOwnPage(url)) return;
      deny('navigation');
      event.preventDefault();
    });
    contents.on('will-redirect', (event, url) => {
      if (!isOwnPage(url)) event.preventDefault();
    });
    contents.on('will-attach-webview', (event) => {
      deny('webview');
      event.preventDefault();
    });
    contents.setWindowOpenHandler(() => {
      deny('popup');
      return { action: 'deny' };
    });
  };
  app.on('web-contents-created', (_event, contents) => guard(contents));
}

/** True for our own page and nothing else; the sender check of IPC uses it too. */
export function isOwnPage(address: string): boolean {
  try {
    const url = new URL(address);
    return url.protocol === 'app:' && url.host === 'wheelhouse';
  } catch {
    return false;
  }
}
