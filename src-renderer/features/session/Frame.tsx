import type { ReactNode } from 'react';
import type { Role } from '../../lib/roles';
import css from './Frame.module.css';

/** Bar and screen in one frame, in the colour of whoever acts. A change of hands changes colours, never sizes. */
export function Frame({ who, bar, children }: { who: Role; bar: ReactNode; children?: ReactNode }) {
  return (
    <div className={css.frame} data-role={who}>
      {bar}
      {children}
    </div>
  );
}
