import css from './AgentPointer.module.css';
import type { PointerView } from './pointerModel';

export function AgentPointer({ view }: { view: PointerView }) {
  return (
    <div className={css.pointer} data-role="agent" style={{ left: `${view.left}%`, top: `${view.top}%` }} aria-hidden>
      <svg width="18" height="20" viewBox="0 0 18 20">
        <path d="M1 1 L1.9 15.6 L6 11.7 L9 18.4 L12 17.1 L9 10.5 L14.6 10.1 Z" />
      </svg>
      <span className={css.label} data-side={view.side} data-rise={view.rise}>
        {view.label}
      </span>
    </div>
  );
}
