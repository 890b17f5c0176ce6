import type { Pool } from '@shared/pool';
import { useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorLine } from '../../ui/ErrorLine';
import { TextField } from '../../ui/Field';
import { Spinner } from '../../ui/Spinner';
import { checkForm, formOf, specOf, type PoolForm } from './model';
import css from './PoolDialog.module.css';

export interface PoolDialogProps {
  /** Null creates one. */
  pool: Pool | null;
  names: readonly string[];
  onClose(): void;
  onSaved(pool: Pool): void;
}

/** Creates or edits a pool; every field is checked while one types, an untouched empty name only when it is left. */
export function PoolDialog({ pool, names, onClose, onSaved }: PoolDialogProps) {
  const [form, setForm] = useState(() => formOf(pool));
  const [touched, setTouched] = useState<ReadonlySet<keyof PoolForm>>(new Set());
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const errors = checkForm(form, names);
  const valid = Object.keys(errors).length === 0;
  const set = (name: keyof PoolForm) => (value: string) => {
    setForm({ ...form, [name]: value });
    setTouched(new Set([...touched, name]));
  };
  const field = (name: keyof PoolForm) => ({
    value: form[name],
    onChange: set(name),
    error: touched.has(name) ? (errors[name] ?? null) : null,
  });
  const save = async () => {
    setTouched(new Set(Object.keys(form) as (keyof PoolForm)[]));
    if (!valid || busy) return;
    setBusy(true);
    setFailure(null);
    try {
      const spec = specOf(form, pool?.idle.policy);
      const saved = pool ? await call('pools.update', { id: pool.id, patch: spec }) : await call('pools.create', spec);
      onSaved(saved);
      onClose();
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={560}
      title={pool ? `Edit ${pool.displayName}` : 'Create pool'}
      description={
        pool
          ? 'Warm machines follow at once. A machine that is leased keeps what it has until its session ends.'
          : 'It keeps desktops warm and hands one out in milliseconds.'
      }
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            disabled={busy || !valid}
            icon={busy ? <Spinner /> : undefined}
            onClick={() => void save()}
          >
            {pool ? 'Save' : 'Create pool'}
          </Button>
        </>
      }
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <div className={css.wide}>
          <TextField label="Name" {...field('displayName')} maxLength={80} />
        </div>
        <div className={css.wide}>
          <TextField label="What it is for" {...field('description')} maxLength={600} />
        </div>
        <TextField
          label="Kept warm"
          suffix="machines"
          inputMode="numeric"
          {...field('minimum')}
          hint="Ready before anybody asks"
        />
        <TextField
          label="At most"
          suffix="machines"
          inputMode="numeric"
          {...field('maximum')}
          hint="Leased ones included"
        />
        <TextField label="Processors" suffix="CPU" inputMode="decimal" {...field('cpus')} />
        <TextField label="Memory" suffix="MiB" inputMode="numeric" {...field('memoryMiB')} />
        <TextField label="Screen width" suffix="px" inputMode="numeric" {...field('width')} />
        <TextField label="Screen height" suffix="px" inputMode="numeric" {...field('height')} />
        <TextField
          label="Released when idle for"
          suffix="min"
          inputMode="decimal"
          {...field('idleMinutes')}
          hint="A person who holds it keeps it"
        />
        <button type="submit" hidden aria-label="Save" />
      </form>
      {failure && <ErrorLine>{failure}</ErrorLine>}
    </Dialog>
  );
}
