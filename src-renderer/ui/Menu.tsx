import { Menu as Base } from '@base-ui/react/menu';
import { Check } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import css from './Menu.module.css';

export function Menu({
  trigger,
  label,
  side = 'bottom',
  align = 'end',
  children,
}: {
  trigger: ReactElement;
  label?: string;
  side?: 'bottom' | 'right' | 'top';
  align?: 'start' | 'end';
  children: ReactNode;
}) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner side={side} align={align} sideOffset={6} className={css.positioner}>
          <Base.Popup className={css.menu} aria-label={label}>
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function MenuItem({
  icon,
  danger,
  hint,
  disabled,
  onSelect,
  children,
}: {
  icon?: ReactNode;
  danger?: boolean;
  /** What it does, or why it can't be done now. */
  hint?: string;
  disabled?: boolean;
  onSelect(): void;
  children: ReactNode;
}) {
  return (
    <Base.Item className={css.item} data-danger={danger || undefined} disabled={disabled} onClick={onSelect}>
      {icon}
      <span>
        {children}
        {hint && <span className={css.hint}>{hint}</span>}
      </span>
    </Base.Item>
  );
}

export interface MenuChoice<T extends string> {
  value: T;
  label: string;
  icon?: ReactNode;
}

export function MenuChoices<T extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: T;
  choices: readonly MenuChoice<T>[];
  onChange(value: T): void;
}) {
  return (
    <Base.Group>
      <Base.GroupLabel className={css.label}>{label}</Base.GroupLabel>
      <Base.RadioGroup value={value} onValueChange={(next: T) => onChange(next)}>
        {choices.map((choice) => (
          <Base.RadioItem key={choice.value} value={choice.value} className={css.item} closeOnClick>
            {choice.icon}
            <span>{choice.label}</span>
            <Base.RadioItemIndicator className={css.mark}>
              <Check size={16} />
            </Base.RadioItemIndicator>
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  );
}
