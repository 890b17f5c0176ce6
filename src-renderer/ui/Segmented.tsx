import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import type { ReactNode } from 'react';
import css from './Segmented.module.css';

export interface Segment<T extends string> {
  value: T;
  label: string;
  icon?: ReactNode;
  /** It can't be chosen; the surroundings say why. */
  disabled?: boolean;
}

/** One of a few; icons alone carry their label as name and tooltip. */
export function Segmented<T extends string>({
  label,
  value,
  segments,
  onChange,
}: {
  label: string;
  value: T;
  segments: readonly Segment<NoInfer<T>>[];
  onChange(value: NoInfer<T>): void;
}) {
  return (
    <ToggleGroup
      aria-label={label}
      className={css.group}
      value={[value]}
      onValueChange={(next) => {
        const chosen = next[0] as T | undefined;
        if (chosen) onChange(chosen);
      }}
    >
      {segments.map((segment) => (
        <Toggle
          key={segment.value}
          value={segment.value}
          className={css.segment}
          disabled={segment.disabled}
          aria-label={segment.icon ? segment.label : undefined}
          title={segment.icon ? segment.label : undefined}
        >
          {segment.icon ?? segment.label}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}
