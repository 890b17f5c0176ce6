import type { PushName, RequestName } from './ipc';

/**
 * The contract's names alone, so that the sandboxed preload can check them without carrying the schemas.
 * A unit test keeps the lists complete.
 */
export const requestNames = [
  'app.info',
  'app.stats',
  'app.copyText',
  'app.openHelp',
  'app.setTheme',
  'app.theme',
  'setup.status',
  'setup.look',
  'setup.buildImage',
  'setup.cancelBuild',
  'diagnostics.look',
  'images.list',
  'pools.list',
  'pools.create',
  'pools.update',
  'pools.delete',
  'pools.machines',
  'pools.export',
  'pools.openImport',
  'pools.import',
  'pools.destroyMachine',
  'usage.report',
  'usage.exportCsv',
  'sessions.list',
  'sessions.get',
  'sessions.start',
  'sessions.release',
  'sessions.consoleLog',
  'checkpoints.list',
  'checkpoints.create',
  'checkpoints.restore',
  'checkpoints.branch',
  'checkpoints.remove',
  'timeline.list',
  'control.act',
  'control.stopAll',
  'control.resumeAll',
  'control.sendClipboard',
  'control.fetchClipboard',
  'screen.ticket',
  'screen.watchThumbnails',
  'attention.list',
  'attention.answer',
  'tokens.list',
  'tokens.create',
  'tokens.withdraw',
  'tokens.progress',
  'tokens.test',
  'demo.status',
  'demo.start',
  'demo.stop',
] as const satisfies readonly RequestName[];

export const pushNames = [
  'event',
  'setup',
  'demo',
  'tokenProgress',
  'thumbnail',
  'navigate',
  'theme',
] as const satisfies readonly PushName[];

/** The only two channels between the window and the main process. */
export const invokeChannel = 'wheelhouse:invoke';
export const pushChannel = 'wheelhouse:push';
