import type { Tool } from '../tool';
import { activateWindow } from './activateWindow';
import { awaitControl } from './awaitControl';
import { checkpointCreate } from './checkpointCreate';
import { checkpointList } from './checkpointList';
import { checkpointRestore } from './checkpointRestore';
import { click } from './click';
import { clipboardRead } from './clipboardRead';
import { clipboardWrite } from './clipboardWrite';
import { dragMouse } from './dragMouse';
import { executeShellCommand } from './executeShellCommand';
import { getControl } from './getControl';
import { getCursorPosition } from './getCursorPosition';
import { getScreenSize } from './getScreenSize';
import { launchApplication } from './launchApplication';
import { listWindows } from './listWindows';
import { moveMouse } from './moveMouse';
import { pressKeys } from './pressKeys';
import { requestHuman } from './requestHuman';
import { scroll } from './scroll';
import { takeScreenshot } from './takeScreenshot';
import { typeText } from './typeText';
import { waitMilliseconds } from './waitMilliseconds';
import { zoomRegion } from './zoomRegion';

/** Every tool of a desktop, in the order in which an agent reads them. */
export const tools: readonly Tool[] = [
  takeScreenshot,
  zoomRegion,
  getScreenSize,
  click,
  moveMouse,
  dragMouse,
  scroll,
  typeText,
  pressKeys,
  getCursorPosition,
  waitMilliseconds,
  listWindows,
  activateWindow,
  launchApplication,
  executeShellCommand,
  clipboardRead,
  clipboardWrite,
  checkpointCreate,
  checkpointList,
  checkpointRestore,
  getControl,
  awaitControl,
  requestHuman,
];
