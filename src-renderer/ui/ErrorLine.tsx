import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import css from './ErrorLine.module.css';

/** A failure beside what caused it; announced, and never a toast that goes away. */
export function ErrorLine({ children }: { children: ReactNode }) {
  return (
    <p className={css.line} role="alert">
      <CircleAlert size={16} aria-hidden />
      <span>{children}</span>
    </p>
  );
}
