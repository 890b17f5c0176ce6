import { useLayoutEffect, useRef } from 'react';

/** Lines of which the newest matter: follows the end until somebody scrolls away from it. Plain text, whatever it looks like. */
export function Tail({ lines, label, className }: { lines: readonly string[]; label: string; className?: string }) {
  const box = useRef<HTMLPreElement>(null);
  const stuck = useRef(true);
  const text = lines.join('\n');
  useLayoutEffect(() => {
    if (stuck.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  return (
    <pre
      ref={box}
      className={className}
      // A scrolling region must be reachable by keyboard.
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={label}
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        stuck.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      {text}
    </pre>
  );
}
