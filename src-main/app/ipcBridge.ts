import { ipcMain, type BrowserWindow, type WebFrameMain } from 'electron';
import { pushes, type PushData, type PushName } from '@shared/ipc';
import { invokeChannel, pushChannel } from '@shared/ipcNames';
import type { Answer } from '../ipc/router';
import { isOwnPage } from './security';

/** Only the top frame of one of our windows, showing our own page, is heard. */
function trusted(frame: WebFrameMain | null, windows: readonly BrowserWindow[]): boolean {
  if (!frame || frame.parent !== null || !isOwnPage(frame.url)) return false;
  return windows.some((window) => !window.isDestroyed() && window.webContents.mainFrame === frame);
}

export function listen(
  windows: () => readonly BrowserWindow[],
  dispatch: (name: unknown, input: unknown) => Promise<Answer>,
): void {
  ipcMain.handle(invokeChannel, (event, name: unknown, input: unknown) => {
    if (!trusted(event.senderFrame, windows())) throw new Error('Refused: not a window of Wheelhouse.');
    return dispatch(name, input);
  });
}

/** Announces to every window. */
export function createPush(windows: () => readonly BrowserWindow[]) {
  return <N extends PushName>(name: N, data: PushData<N>): void => {
    if (!(name in pushes)) return;
    for (const window of windows()) {
      if (!window.isDestroyed() && !window.webContents.isLoading()) window.webContents.send(pushChannel, name, data);
    }
  };
}
