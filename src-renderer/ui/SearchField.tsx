import { Search } from 'lucide-react';
import type { Ref } from 'react';
import { Kbd } from './Kbd';
import css from './SearchField.module.css';

export function SearchField({
  label,
  value,
  onChange,
  inputRef,
  hotkey,
}: {
  label: string;
  value: string;
  onChange(value: string): void;
  inputRef?: Ref<HTMLInputElement>;
  hotkey?: string;
}) {
  return (
    <label className={css.box}>
      <Search size={16} aria-hidden />
      <input
        ref={inputRef}
        type="text"
        role="searchbox"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && value !== '') onChange('');
        }}
        spellCheck={false}
      />
      {hotkey && <Kbd keys={hotkey} />}
    </label>
  );
}
