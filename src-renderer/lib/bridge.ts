import type { Bridge } from '@shared/ipc';

let bridge: Bridge | null = null;

/**
 * The only way to the main process. In a plain browser during development a believable stand-in takes its place; the
 * production build drops that branch and its files.
 */
export async function connectBridge(): Promise<Bridge> {
  if (window.wheelhouse) bridge = window.wheelhouse;
  else if (import.meta.env.DEV) bridge = (await import('./mock/mockBridge')).createMockBridge();
  else throw new Error('This page runs inside the Wheelhouse app only.');
  return bridge;
}

export function getBridge(): Bridge {
  if (!bridge) throw new Error('The bridge is used before it is connected');
  return bridge;
}
