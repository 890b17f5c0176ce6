import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import css from './Button.module.css';

export type ButtonKind = 'primary' | 'plain' | 'quiet' | 'take' | 'give' | 'danger';

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'type'> {
  /** One `primary` a region. `take` and `give` wear the colour of whoever acts after the press. */
  kind?: ButtonKind;
  /** 28, 32 or 36 pixels high. */
  size?: 'row' | 'normal' | 'bar';
  icon?: ReactNode;
  type?: 'button' | 'submit';
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  kind = 'plain',
  size = 'normal',
  icon,
  type = 'button',
  children,
  className,
  ...rest
}: ButtonProps) {
  return (
    <button {...rest} type={type} data-kind={kind} data-size={size} className={`${css.button} ${className ?? ''}`}>
      {icon}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'children' | 'icon'> {
  label: string;
  children: ReactNode;
}

/** An icon alone; its label is its name and its tooltip. */
export function IconButton({ label, children, kind = 'quiet', className, ...rest }: IconButtonProps) {
  return (
    <Button
      {...rest}
      kind={kind}
      aria-label={label}
      title={label}
      className={`${css.iconOnly} ${className ?? ''}`}
      icon={children}
    />
  );
}
