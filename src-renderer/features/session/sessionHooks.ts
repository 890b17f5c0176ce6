import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { useEffect, useRef, useState } from 'react';
import { useUi } from '../../lib/stores';
import type { Suspension } from './useSuspension';

const fallbackSize = { width: 1280, height: 800 };

/** The machine's own size, also after its session ended; the pool's may have been changed since. */
export function useScreenSize({ screen }: Session, pool: Pool | undefined): { width: number; height: number } {
  const [known, setKnown] = useState(screen ?? null);
  if (screen && known === null) setKnown(screen);
  return screen ?? known ?? pool?.size ?? fallbackSize;
}

/** The hand-back button goes with the hold; the keyboard then stands on what comes next, not nowhere. */
export function useFocusAfterHandBack(holding: boolean): void {
  const held = useRef(holding);
  const owed = useRef(false);
  useEffect(() => {
    if (held.current !== holding) owed.current = !holding;
    held.current = holding;
    if (!owed.current) return;
    const frame = requestAnimationFrame(() => {
      // While the hand-back is on its way there is nothing to take yet.
      const next = document.querySelector<HTMLElement>('[data-action="take"] button:enabled');
      if (!next) return;
      owed.current = false;
      if (document.activeElement === document.body) next.focus();
    });
    return () => cancelAnimationFrame(frame);
  });
}

/** Does what the palette asked of this session. */
export function useWish(sessionId: string, suspension: Suspension): void {
  const wish = useUi((ui) => (ui.wish?.sessionId === sessionId ? ui.wish : null));
  useEffect(() => {
    if (!wish) return;
    useUi.getState().setWish(null);
    void suspension[wish.what]();
  }, [wish, suspension]);
}

/** Ctrl+Shift+S, except while a desktop has the keyboard: there every key is the desktop's. */
export function useSaveKey(sessionId: string, enabled: boolean): void {
  useEffect(() => {
    if (!enabled) return;
    const onKey = (event: KeyboardEvent) => {
      if (!event.ctrlKey || !event.shiftKey || event.altKey || event.key.toLowerCase() !== 's') return;
      if (event.target instanceof HTMLCanvasElement || document.querySelector('[role=dialog]')) return;
      event.preventDefault();
      useUi.getState().setSaving(sessionId);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [sessionId, enabled]);
}
