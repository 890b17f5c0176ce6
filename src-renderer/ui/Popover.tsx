import { Popover as Base } from '@base-ui/react/popover';
import type { ReactElement, ReactNode, RefObject } from 'react';
import css from './Popover.module.css';

export interface PopoverProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  trigger: ReactElement;
  title: string;
  description?: ReactNode;
  width?: number;
  align?: 'start' | 'center' | 'end';
  initialFocus?: RefObject<HTMLElement | null>;
  children: ReactNode;
}

/** Modal: while it is open nothing outside it takes the pointer or the keyboard. */
export function Popover({
  open,
  onOpenChange,
  trigger,
  title,
  description,
  width = 360,
  align = 'end',
  initialFocus,
  children,
}: PopoverProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => onOpenChange(next)} modal="trap-focus">
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner align={align} side="bottom" sideOffset={10} className={css.positioner}>
          <Base.Popup className={css.popover} style={{ width }} initialFocus={initialFocus}>
            <Base.Title className={css.title}>{title}</Base.Title>
            {description && <Base.Description className={css.description}>{description}</Base.Description>}
            {children}
            <Base.Close className="srOnly">Close</Base.Close>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
