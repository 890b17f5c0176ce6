import type { ReactNode } from 'react';
import type { Role } from '../lib/roles';
import css from './Chip.module.css';

/** Icon and word, never colour alone. `solid` for badges that must be read from across the room. */
export function Chip({
  who,
  icon,
  solid,
  children,
}: {
  who: Role;
  icon: ReactNode;
  solid?: boolean;
  children: ReactNode;
}) {
  return (
    <span className={css.chip} data-role={who} data-solid={solid || undefined}>
      {icon}
      <span>{children}</span>
    </span>
  );
}
