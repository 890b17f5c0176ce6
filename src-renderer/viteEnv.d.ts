/// <reference types="vite/client" />
import type { Bridge } from '@shared/ipc';

declare global {
  interface Window {
    /** Put here by the preload; absent only in a plain browser during development. */
    readonly wheelhouse?: Bridge;
  }
}
