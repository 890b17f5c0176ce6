import type { ReactNode } from 'react';
import css from './Notice.module.css';

export interface NoticeProps {
  icon: ReactNode;
  title: string;
  /** What happened, what is safe, what to do. */
  children?: ReactNode;
  actions?: ReactNode;
  tone?: 'quiet' | 'trouble';
  bare?: boolean;
}

/** Empty, failed and disconnected places: icon, what happened, what is safe, one action. */
export function Notice({ icon, title, children, actions, tone = 'quiet', bare }: NoticeProps) {
  return (
    <section
      className={css.notice}
      data-tone={tone}
      data-bare={bare || undefined}
      role={tone === 'trouble' ? 'alert' : undefined}
    >
      <span className={css.icon}>{icon}</span>
      <div className={css.text}>
        <h2>{title}</h2>
        {children && <p>{children}</p>}
        {actions && <div className={css.actions}>{actions}</div>}
      </div>
    </section>
  );
}
