import type { Token } from '@shared/ipc';
import { useState } from 'react';
import { Segmented } from '../../ui/Segmented';
import { Switch } from '../../ui/Switch';
import { assignable } from './formWords';
import css from './PoolDialog.module.css';

/** Who may acquire: every agent token, or those chosen by name. */
export function AssignmentFields({
  tokens,
  chosen,
  onChange,
}: {
  tokens: readonly Token[];
  chosen: readonly string[];
  onChange(chosen: readonly string[]): void;
}) {
  const [only, setOnly] = useState(chosen.length > 0);
  const names = assignable(tokens, chosen);
  return (
    <>
      <div>
        <Segmented
          label="Who may acquire"
          value={only ? 'only' : 'all'}
          segments={[
            { value: 'all', label: 'Every agent token' },
            { value: 'only', label: 'Only these' },
          ]}
          onChange={(next) => {
            setOnly(next === 'only');
            if (next === 'all') onChange([]);
          }}
        />
      </div>
      {only && (
        <div className={css.names} role="group" aria-label="Tokens that may acquire">
          {names.map(({ name, gone }) => (
            <Switch
              key={name}
              label={name}
              {...(gone ? { hint: 'No token is called that now' } : {})}
              checked={chosen.includes(name)}
              onChange={(on) => onChange(on ? [...chosen, name] : chosen.filter((each) => each !== name))}
            />
          ))}
          {names.length === 0 && <p className={css.say}>No agent has a token yet. Connect one first.</p>}
          {names.length > 0 && chosen.length === 0 && (
            <p className={css.say}>None is chosen: every agent token may acquire.</p>
          )}
        </div>
      )}
    </>
  );
}
