import type { ReactNode } from 'react';
import css from './Field.module.css';

/** A label above something that names itself (a select, a switch). */
export function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={css.field}>
      <span className={css.label} aria-hidden>
        {label}
      </span>
      {children}
    </div>
  );
}
