import { ChevronRight, TriangleAlert } from 'lucide-react';
import { useId, useState, type ReactNode } from 'react';
import css from './Disclosure.module.css';

/** A part of a form that tells in a few words what it holds, and opens to change it. One with a fault stays open. */
export function Disclosure({
  title,
  summary,
  faulty = false,
  children,
}: {
  title: string;
  summary: string;
  faulty?: boolean;
  children: ReactNode;
}) {
  const [wanted, setWanted] = useState(false);
  const id = useId();
  const open = wanted || faulty;
  return (
    <div className={css.part} data-open={open || undefined}>
      <h3>
        <button
          type="button"
          className={css.head}
          aria-expanded={open}
          aria-controls={open ? id : undefined}
          onClick={() => setWanted(!open)}
        >
          <ChevronRight size={16} aria-hidden />
          <span>{title}</span>
          {faulty ? (
            <span className={css.fault}>
              <TriangleAlert size={14} aria-hidden /> Needs a look
            </span>
          ) : (
            !open && <span className={`${css.summary} clip`}>{summary}</span>
          )}
        </button>
      </h3>
      {open && (
        <div id={id} className={css.body}>
          {children}
        </div>
      )}
    </div>
  );
}
