import { Switch as Base } from '@base-ui/react/switch';
import { useId } from 'react';
import css from './Switch.module.css';

export function Switch({
  label,
  hint,
  checked,
  onChange,
}: {
  label: string;
  hint?: string;
  checked: boolean;
  onChange(checked: boolean): void;
}) {
  const id = useId();
  return (
    <div className={css.row}>
      <Base.Root className={css.track} checked={checked} onCheckedChange={onChange} aria-labelledby={id}>
        <Base.Thumb className={css.thumb} />
      </Base.Root>
      <span>
        <span id={id}>{label}</span>
        {hint && <span className={css.hint}>{hint}</span>}
      </span>
    </div>
  );
}
