import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { app, clipboard, dialog, shell } from 'electron';
import type { AppInfo } from '@shared/ipc';
import { WheelhouseError } from '../base/errors';
import { writeStream } from '../base/writeStream';
import type { Shell } from '../ipc/rooms';
import { readText } from './readText';
import type { createTheme } from './theme';

/** The only pages that the app ever opens in a browser: fixed addresses, chosen by name. */
const pages: Record<string, string> = {
  docker: 'https://docs.docker.com/engine/install/',
  kvm: 'https://wiki.debian.org/KVM',
  display: 'https://wiki.debian.org/Xvfb',
};
/** Our own, beside the app. */
const files: Record<string, string> = { connect: 'docs/connect.md', readme: 'README.md' };

/** The set-up leaves a note beside an evaluation runtime; an official one has none. */
export function unofficialRuntime(execPath = process.execPath): boolean {
  return existsSync(join(dirname(execPath), 'UNOFFICIAL'));
}

/** Linux says it in /proc: 2 is a seccomp filter. Elsewhere Electron's own default (on) holds unless switched off. */
export function sandboxedRenderers(argv: readonly string[]): boolean {
  return !argv.includes('--no-sandbox');
}

export function versionOf(packageFile: string): string {
  return (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version;
}

export function createShell(options: {
  version: string;
  url: string;
  dataDir: string;
  operator: string;
  theme: ReturnType<typeof createTheme>;
}): Shell {
  const unofficial = unofficialRuntime();
  const sandboxed = sandboxedRenderers(process.argv);
  const headless = process.env.WHEELHOUSE_HEADLESS === '1';
  const notices: string[] = [];
  if (unofficial) notices.push(`Unofficial runtime ${process.versions.electron}, for evaluation`);
  if (!sandboxed) notices.push('Running as root: the window’s own sandbox is off');
  if (headless) notices.push('Shown on a virtual display');
  const info: AppInfo = {
    version: options.version,
    runtime: process.versions.electron ?? '',
    unofficialRuntime: unofficial,
    sandboxed,
    platform: process.platform,
    url: options.url,
    dataDir: options.dataDir,
    operator: options.operator,
    headless,
    notices,
  };
  return {
    info: () => info,
    copyText: async (text) => clipboard.writeText(text),
    // A string up to Electron 44, a promise since 45: awaited, both are right.
    readClipboard: async () => clipboard.readText(),
    async saveText({ name, kind, text }) {
      const { canceled, filePath } = await dialog.showSaveDialog({
        defaultPath: join(app.getPath('downloads'), name),
        filters: [{ name: kind.toUpperCase(), extensions: [kind] }],
      });
      if (canceled || !filePath) return false;
      try {
        await writeFile(filePath, text, { mode: 0o600 });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new WheelhouseError('not_supported', `The file could not be written: ${why}`, {}, { cause: error });
      }
      return true;
    },
    async saveStream({ name, kind, open }) {
      const { canceled, filePath } = await dialog.showSaveDialog({
        defaultPath: join(app.getPath('downloads'), name),
        filters: [{ name: kind.toUpperCase(), extensions: [kind] }],
      });
      if (canceled || !filePath) return false;
      await writeStream(filePath, await open());
      return true;
    },
    async openText({ kinds, bytes }) {
      const { canceled, filePaths } = await dialog.showOpenDialog({
        properties: ['openFile'],
        filters: [{ name: kinds.join(', ').toUpperCase(), extensions: [...kinds] }],
      });
      const [file] = filePaths;
      if (canceled || file === undefined) return null;
      return { name: basename(file), text: await readText(file, bytes) };
    },
    async openHelp(topic) {
      const url = pages[topic];
      const file = files[topic] && join(app.getAppPath(), files[topic]);
      const where = url ?? file;
      if (!where) throw new WheelhouseError('bad_request', 'There is no help on that.');
      if (headless)
        throw new WheelhouseError('not_supported', `Nothing can be opened on a virtual display. Read ${where}`);
      if (url) return shell.openExternal(url);
      const failed = await shell.openPath(where);
      if (failed) throw new WheelhouseError('not_supported', `${where} could not be opened: ${failed}`);
    },
    theme: () => options.theme.get(),
    setTheme: (theme) => options.theme.set(theme),
  };
}

/** Where the build lies: the folder above main/, in a checkout and in a package alike. */
export const outDirOf = (mainFile: string): string => dirname(dirname(mainFile));
export const packageFile = (): string => join(app.getAppPath(), 'package.json');
