import type { ReactNode } from 'react';
import css from './ViewHeader.module.css';

export function ViewHeader({ title, summary, children }: { title: string; summary?: string; children?: ReactNode }) {
  return (
    <header className={css.header}>
      <h1>{title}</h1>
      {summary && <p className="clip tnum">{summary}</p>}
      <div className={css.actions}>{children}</div>
    </header>
  );
}
