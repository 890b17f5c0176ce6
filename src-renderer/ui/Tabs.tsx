import { Tabs as Base } from '@base-ui/react/tabs';
import type { ReactNode } from 'react';
import css from './Tabs.module.css';

export interface TabItem<T extends string> {
  value: T;
  label: string;
  /** How many are inside, said after the label. */
  count?: number;
}

export interface TabsProps<T extends string> {
  label: string;
  value: T;
  tabs: readonly TabItem<T>[];
  onChange(value: T): void;
  /** Stands at the right of the row. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}

export function Tabs<T extends string>({ label, value, tabs, onChange, aside, children, className }: TabsProps<T>) {
  return (
    <Base.Root value={value} onValueChange={(next: T) => onChange(next)} className={className}>
      <div className={css.row}>
        <Base.List className={css.list} aria-label={label}>
          {tabs.map((tab) => (
            <Base.Tab key={tab.value} value={tab.value} className={css.tab}>
              {tab.label}
              {tab.count !== undefined && tab.count > 0 && <span className={`${css.count} tnum`}> {tab.count}</span>}
            </Base.Tab>
          ))}
        </Base.List>
        {aside && <div className={css.aside}>{aside}</div>}
      </div>
      {children}
    </Base.Root>
  );
}

export const TabPanel = Base.Panel;
