import { Field as Base } from '@base-ui/react/field';
import type { ReactNode, Ref } from 'react';
import css from './Field.module.css';

interface Common {
  label: string;
  hint?: ReactNode;
  error?: string | null;
  /** Label above (default) or hidden when the surroundings say it. */
  hideLabel?: boolean;
}

export interface TextFieldProps extends Common {
  value: string;
  onChange?(value: string): void;
  placeholder?: string;
  readOnly?: boolean;
  mono?: boolean;
  suffix?: ReactNode;
  inputRef?: Ref<HTMLInputElement>;
  maxLength?: number;
  inputMode?: 'text' | 'numeric' | 'decimal';
  /** For values that must not be kept by the browser. */
  secret?: boolean;
}

export function TextField({
  label,
  hint,
  error,
  hideLabel,
  value,
  onChange,
  mono,
  suffix,
  inputRef,
  secret,
  ...rest
}: TextFieldProps) {
  return (
    <Base.Root className={css.field} invalid={Boolean(error)}>
      <Base.Label className={hideLabel ? 'srOnly' : css.label}>{label}</Base.Label>
      <span className={css.box} data-readonly={rest.readOnly || undefined}>
        <Base.Control
          {...rest}
          ref={inputRef}
          value={value}
          onChange={(event) => onChange?.(event.currentTarget.value)}
          className={css.input}
          data-mono={mono || undefined}
          spellCheck={false}
          autoComplete={secret ? 'off' : undefined}
        />
        {suffix && <span className={css.suffix}>{suffix}</span>}
      </span>
      {error ? (
        <Base.Error match className={css.error}>
          {error}
        </Base.Error>
      ) : (
        hint && <Base.Description className={css.hint}>{hint}</Base.Description>
      )}
    </Base.Root>
  );
}

export interface TextAreaProps extends Common {
  value: string;
  onChange(value: string): void;
  rows?: number;
  placeholder?: string;
  areaRef?: Ref<HTMLTextAreaElement>;
  /** Ctrl+Enter. */
  onSend?(): void;
  maxLength?: number;
}

export function TextArea({
  label,
  hint,
  error,
  hideLabel,
  value,
  onChange,
  rows = 3,
  placeholder,
  areaRef,
  maxLength,
  onSend,
}: TextAreaProps) {
  return (
    <Base.Root className={css.field} invalid={Boolean(error)}>
      <Base.Label className={hideLabel ? 'srOnly' : css.label}>{label}</Base.Label>
      <Base.Control
        value={value}
        onChange={(event) => onChange((event.currentTarget as unknown as HTMLTextAreaElement).value)}
        render={
          <textarea
            onKeyDown={(event) => {
              if (event.key === 'Enter' && event.ctrlKey && onSend) {
                event.preventDefault();
                onSend();
              }
            }}
            ref={areaRef}
            rows={rows}
            placeholder={placeholder}
            maxLength={maxLength}
            className={css.area}
          />
        }
      />
      {error ? (
        <Base.Error match className={css.error}>
          {error}
        </Base.Error>
      ) : (
        hint && <Base.Description className={css.hint}>{hint}</Base.Description>
      )}
    </Base.Root>
  );
}
