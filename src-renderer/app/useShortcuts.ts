import { useEffect } from 'react';
import { useUi } from '../lib/stores';
import { stopAll } from './stopAll';

/** True while keys belong to a text field or to a desktop. */
export function typingInto(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.matches('input, textarea, select, canvas') || target.isContentEditable)
  );
}

/** Ctrl+Shift+. by its place on the keyboard, since layouts put other signs there with Shift. */
export function asksToStopAll(
  event: Pick<KeyboardEvent, 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'code'>,
): boolean {
  return (event.ctrlKey || event.metaKey) && event.shiftKey && !event.altKey && event.code === 'Period';
}

/**
 * Ctrl+K opens the palette, except while a desktop has the keyboard: there every key is the desktop's. Stopping
 * everything is for the moment when something goes wrong: it works from there too, and from inside dialogs.
 */
export function useShortcuts(): void {
  useEffect(() => {
    const onStop = (event: KeyboardEvent) => {
      if (!asksToStopAll(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat) void stopAll();
    };
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
        if (event.target instanceof HTMLCanvasElement) return;
        event.preventDefault();
        useUi.getState().setPalette(true);
      }
    };
    window.addEventListener('keydown', onKey);
    window.addEventListener('keydown', onStop, { capture: true });
    return () => {
      window.removeEventListener('keydown', onKey);
      window.removeEventListener('keydown', onStop, { capture: true });
    };
  }, []);
}
