import type { Pool } from '@shared/pool';
import { useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { useBackends, useImages, useTokens } from '../../lib/queries';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Disclosure } from '../../ui/Disclosure';
import { ErrorLine } from '../../ui/ErrorLine';
import { TextField } from '../../ui/Field';
import { Spinner } from '../../ui/Spinner';
import { Switch } from '../../ui/Switch';
import { AssignmentFields } from './AssignmentFields';
import { BackendFields } from './BackendFields';
import { LifeFields } from './LifeFields';
import { checkForm, formOf, specOf, type PoolForm, type TextName } from './formModel';
import { sectionWords } from './formWords';
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
  const found = useBackends().data;
  const images = useImages(form.backend).data;
  const tokens = useTokens().data ?? [];
  const set = (name: TextName) => (value: string) => {
    setForm({ ...form, [name]: value });
    setTouched(new Set([...touched, name]));
  };
  const field = (name: TextName) => ({
    value: form[name],
    onChange: set(name),
    error: touched.has(name) ? (errors[name] ?? null) : null,
  });
  const faulty = (...fields: TextName[]) => fields.some((name) => touched.has(name) && errors[name] !== undefined);
  const save = async () => {
    setTouched(new Set(Object.keys(form) as (keyof PoolForm)[]));
    if (!valid || busy) return;
    setBusy(true);
    setFailure(null);
    try {
      const spec = specOf(form);
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
          : 'It keeps desktops warm, so that an agent gets one at once.'
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
        <BackendFields form={form} pool={pool} found={found} images={images} onChange={setForm} />
        <h3>Machines</h3>
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
        <div className={css.wide}>
          {form.backend === 'qemu' ? (
            <p className={css.say}>Warm machines stand still until they are handed out, and take no processor time.</p>
          ) : (
            <Switch
              label="Warm machines stand still"
              hint="They take no processor time, and a few milliseconds more to hand out"
              checked={form.freeze}
              onChange={(freeze) => setForm({ ...form, freeze })}
            />
          )}
        </div>
        <div className={css.parts}>
          <LifeFields
            form={form}
            onChange={setForm}
            field={field}
            typed={(name) => touched.has(name)}
            faulty={faulty}
          />
          <Disclosure title="Checkpoints" summary={sectionWords.checkpoints(form)} faulty={faulty('keep')}>
            {form.backend === 'docker' ? (
              <p className={`${css.wide} ${css.say}`}>Containers keep none. Choose QEMU to save and rewind sessions.</p>
            ) : (
              <>
                <div className={css.wide}>
                  <Switch
                    label="Before a person takes control"
                    hint="So that what was done by hand can be undone"
                    checked={form.beforeTakeover}
                    onChange={(beforeTakeover) => setForm({ ...form, beforeTakeover })}
                  />
                </div>
                <div className={css.wide}>
                  <Switch
                    label="Before the agent runs a shell command"
                    hint="Each makes the command wait for about a second"
                    checked={form.beforeCommands}
                    onChange={(beforeCommands) => setForm({ ...form, beforeCommands })}
                  />
                </div>
                <TextField
                  label="Kept for a session"
                  suffix="at most"
                  inputMode="numeric"
                  {...field('keep')}
                  hint="After that the oldest automatic one goes, never one that was asked for"
                />
              </>
            )}
          </Disclosure>
          <Disclosure title="Who may acquire" summary={sectionWords.who(form)} faulty={faulty('sessionsPerToken')}>
            <div className={css.wide}>
              <AssignmentFields
                tokens={tokens}
                chosen={form.assignments}
                onChange={(assignments) => setForm({ ...form, assignments })}
              />
            </div>
            <TextField
              label="Sessions of one token"
              suffix="at most"
              inputMode="numeric"
              {...field('sessionsPerToken')}
              hint="At once. Empty: no limit. People are not limited"
            />
          </Disclosure>
        </div>
        <button type="submit" hidden aria-label="Save" />
      </form>
      {failure && <ErrorLine>{failure}</ErrorLine>}
    </Dialog>
  );
}
