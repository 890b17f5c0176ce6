import { app, Menu, type MenuItemConstructorOptions } from 'electron';

/** Small on purpose: the window has its own keys. Edit roles keep copy and paste working in fields on macOS. */
export function installMenu(go: (path: string) => void): void {
  const template: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { label: 'Wall', click: () => go('/wall') },
        { label: 'Attention', click: () => go('/attention') },
        { label: 'Pools', click: () => go('/pools') },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        ...(app.isPackaged ? [] : [{ role: 'toggleDevTools' } as const]),
      ],
    },
    // Elsewhere its Ctrl+W would close the window under somebody who types into a guest.
    ...(process.platform === 'darwin' ? [{ role: 'windowMenu' } as const] : []),
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
