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

/** Pixels: a bold letter of a label, what stands before and around its words, and the narrowest picture of a screen. */
const letter = 7.6;
const besides = 28;
const narrowest = 680;

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
  const label = shortWords((latest ?? action).words);
  return {
    left,
    top,
    label,
    side: left + ((label.length * letter + besides) / narrowest) * 100 > 100 ? 'left' : 'right',
    rise: top > 88 ? 'above' : 'below',
  };
}
