import { useEffect } from 'react';
import { useUi } from '../lib/stores';

/** True while keys belong to a text field or to a desktop. */
export function typingInto(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.matches('input, textarea, select, canvas') || target.isContentEditable)
  );
}

/** Ctrl+K opens the palette, except while a desktop has the keyboard: there every key is the desktop's. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
        if (event.target instanceof HTMLCanvasElement) return;
        event.preventDefault();
        useUi.getState().setPalette(true);
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
