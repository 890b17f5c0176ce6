import { useEffect, useRef } from 'react';
import { call } from '../../lib/api';

const settleMs = 120;

/**
 * Tells the hub which thumbnails are on the screen, so that the others cost nothing. `ids` are the tiles that exist;
 * those inside `root` are watched by an intersection observer. Leaving the wall watches none.
 */
export function useVisibleTiles(ids: string, width: number) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const visible = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      // A refusal costs fresh pictures only; the next change tells again.
      call('screen.watchThumbnails', { sessionIds: [...visible].slice(0, 200), width }).catch(() => undefined);
    };
    const observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          const id = (entry.target as HTMLElement).dataset['session'];
          if (!id) continue;
          if (entry.isIntersecting) visible.add(id);
          else visible.delete(id);
        }
        clearTimeout(timer);
        timer = setTimeout(tell, settleMs);
      },
      { root: root.current, rootMargin: '120px' },
    );
    // A suspended session has no screen to look at: it is not asked for.
    for (const tile of root.current?.querySelectorAll('[data-session]:not([data-asleep])') ?? [])
      observer.observe(tile);
    return () => {
      observer.disconnect();
      clearTimeout(timer);
    };
  }, [ids, width]);
  useEffect(
    () => () => {
      call('screen.watchThumbnails', { sessionIds: [], width }).catch(() => undefined);
    },
    [width],
  );
  return root;
}
