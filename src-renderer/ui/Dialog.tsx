import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { useRef, type ReactNode, type RefObject } from 'react';
import { IconButton } from './Button';
import css from './Dialog.module.css';

export interface DialogProps {
  open: boolean;
  onClose(): void;
  title: string;
  description?: ReactNode;
  /** Widest, in pixels. */
  width?: number;
  children: ReactNode;
  footer?: ReactNode;
  initialFocus?: RefObject<HTMLElement | null>;
}

export function Dialog({
  open,
  onClose,
  title,
  description,
  width = 480,
  children,
  footer,
  initialFocus,
}: DialogProps) {
  const body = useRef<HTMLDivElement>(null);
  // A form begins in its first field; anything else with the way out.
  const firstField = () => body.current?.querySelector<HTMLElement>('input:not([readonly]), textarea') ?? true;
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={css.shade} />
        <Base.Popup className={css.dialog} style={{ maxWidth: width }} initialFocus={initialFocus ?? firstField}>
          <header className={css.head}>
            <div>
              <Base.Title className={css.title}>{title}</Base.Title>
              {description && <Base.Description className={css.description}>{description}</Base.Description>}
            </div>
            <Base.Close
              render={
                <IconButton label="Close">
                  <X size={16} />
                </IconButton>
              }
            />
          </header>
          <div className={css.body} ref={body}>
            {children}
          </div>
          {footer && <footer className={css.foot}>{footer}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
