import type { Action } from '@shared/action';
import { shortWords } from '../../lib/words';

export interface PointerView {
  /** Per cent of the screen's width and height. */
  left: number;
  top: number;
  label: string;
  /** Where the label goes so that it stays on the screen. */
  side: 'left' | 'right';
  rise: 'above' | 'below';
}

/**
 * The agent's pointer where it last acted on the screen, with 2 to 4 words of what it does now; null when it acted
 * nowhere on it yet.
 */
export function pointerView(
  action: Action | undefined,
  latest: Action | undefined,
  screen: { width: number; height: number },
): PointerView | null {
  if (!action?.point || action.actor.kind !== 'agent' || action.outcome === 'refused') return null;
  const left = (action.point.x / screen.width) * 100;
  const top = (action.point.y / screen.height) * 100;
  if (left < 0 || left > 100 || top < 0 || top > 100) return null;
  return {
    left,
    top,
    label: shortWords((latest ?? action).words),
    side: left > 84 ? 'left' : 'right',
    rise: top > 88 ? 'above' : 'below',
  };
}
