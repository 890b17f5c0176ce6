import type { Diagnostics } from '@shared/diagnostics';
import type { RequestOutput } from '@shared/ipc';
import type { Pool } from '@shared/pool';
import { CircleAlert, TriangleAlert } from 'lucide-react';
import { Labelled } from '../../ui/Labelled';
import { Segmented } from '../../ui/Segmented';
import { Select } from '../../ui/Select';
import { Switch } from '../../ui/Switch';
import { withBackend, type PoolForm } from './formModel';
import { backendPurpose, backendTrouble, changeWords, isolationTrouble } from './formWords';
import css from './PoolDialog.module.css';
import { backendNames } from './tones';

export interface BackendFieldsProps {
  form: PoolForm;
  /** Null while one is made. */
  pool: Pool | null;
  /** Undefined while this computer is looked at. */
  found: Diagnostics['backends'] | undefined;
  images: RequestOutput<'images.list'> | undefined;
  onChange(form: PoolForm): void;
}

/** What machines are: of which backend, from which image, and whether isolation is a must. Says what speaks against it here. */
export function BackendFields({ form, pool, found, images, onChange }: BackendFieldsProps) {
  const trouble = backendTrouble(form.backend, found);
  const isolation = isolationTrouble(form, found);
  const change = pool && changeWords(form, pool);
  const kinds = form.backend === 'fake' ? (['docker', 'qemu', 'fake'] as const) : (['docker', 'qemu'] as const);
  const image = images?.find((each) => each.name === form.image);
  const options = (images ?? []).map(({ name, words }) => ({ value: name, label: words ? `${name}: ${words}` : name }));
  if (!image) options.push({ value: form.image, label: form.image });
  return (
    <>
      <div className={css.wide}>
        <Labelled label="Backend">
          <div>
            <Segmented
              label="Backend"
              value={form.backend}
              segments={kinds.map((kind) => ({ value: kind, label: backendNames[kind] }))}
              onChange={(kind) => onChange(withBackend(form, kind, pool))}
            />
          </div>
        </Labelled>
        <p className={css.say}>{backendPurpose[form.backend]}</p>
        {trouble && <Say bad={trouble.bad}>{trouble.words}</Say>}
      </div>
      <div className={css.wide}>
        <Labelled label="Image">
          <Select
            label="Image"
            value={form.image}
            options={options}
            onChange={(name) => onChange({ ...form, image: name })}
          />
        </Labelled>
        {image && !image.guestAgent && (
          <p className={css.say}>Screen and keyboard only: tools for the shell, files and windows are refused.</p>
        )}
        {change && <p className={css.say}>{change}</p>}
      </div>
      <div className={css.wide}>
        <Switch
          label="Isolation is required"
          hint="Containers and machines on a virtualising processor satisfy it; emulated machines never do."
          checked={form.isolationRequired}
          onChange={(isolationRequired) => onChange({ ...form, isolationRequired })}
        />
        {isolation && <Say bad>{isolation}</Say>}
      </div>
    </>
  );
}

function Say({ bad, children }: { bad: boolean; children: string }) {
  return (
    <p className={css.trouble} data-role={bad ? 'trouble' : 'you'} role="status">
      {bad ? <TriangleAlert size={14} aria-hidden /> : <CircleAlert size={14} aria-hidden />}
      <span>{children}</span>
    </p>
  );
}
