import type { ScreenHub } from '../screen/types';
import type { PendingFrame } from '../timeline/types';

/**
 * Asks the hub for the picture of this instant and hands it on when it comes. Never awaited on the way of an act: the
 * hub keeps its order with input, and encodes later. A picture that can't be had leaves the row without one.
 */
export function attach(hub: ScreenHub | null, to: (frame: PendingFrame) => void): void {
  hub?.frame().then(
    (frame) => {
      frame.png.catch(() => {});
      to(frame);
    },
    () => {},
  );
}
