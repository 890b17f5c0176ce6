import type { ReactNode } from 'react';
import { Disclosure } from '../../ui/Disclosure';
import { TextField } from '../../ui/Field';
import { Labelled } from '../../ui/Labelled';
import { Segmented } from '../../ui/Segmented';
import { Switch } from '../../ui/Switch';
import { hasHomes, keepsMachine, withIdlePolicy, type PoolForm, type TextName } from './formModel';
import { homeWords, idleWords, quotaWords, sectionWords } from './formWords';
import css from './PoolDialog.module.css';

export interface LifeFieldsProps {
  form: PoolForm;
  onChange(form: PoolForm): void;
  /** What a text field needs to be checked as one types. */
  field(name: TextName): { value: string; onChange(value: string): void; error: string | null };
  /** Somebody typed in it, or one of the section's fields is wrong. */
  typed(name: TextName): boolean;
  faulty(...names: TextName[]): boolean;
}

/** What happens to a session that nobody uses, to its home, and what who asks for one may choose. */
export function LifeFields({ form, onChange, field, typed, faulty }: LifeFieldsProps) {
  const suspends = form.idlePolicy === 'suspend';
  return (
    <>
      <Disclosure title="When nobody uses it" summary={sectionWords.idle(form)} faulty={faulty('idleMinutes')}>
        <Choice label="An idle session is">
          <Segmented
            label="An idle session is"
            value={form.idlePolicy}
            segments={[
              { value: 'release', label: 'Released' },
              { value: 'suspend', label: 'Suspended' },
            ]}
            onChange={(policy) => onChange(withIdlePolicy(form, policy, typed('idleMinutes')))}
          />
        </Choice>
        <TextField
          label={suspends ? 'Suspended when idle for' : 'Released when idle for'}
          suffix="min"
          inputMode="decimal"
          {...field('idleMinutes')}
        />
        <p className={`${css.wide} ${css.say}`} role="status">
          {idleWords(form)}
        </p>
        {suspends && (
          <div className={css.wide}>
            <Choice label="It keeps">
              <Segmented
                label="It keeps"
                value={keepsMachine(form) ? 'machine' : 'home'}
                segments={[
                  { value: 'home', label: 'Its home' },
                  { value: 'machine', label: 'The whole machine', disabled: form.backend !== 'qemu' },
                ]}
                onChange={(idleKeeps) => onChange({ ...form, idleKeeps })}
              />
            </Choice>
            <p className={css.say}>
              {form.backend === 'qemu'
                ? 'A whole machine takes more disk, and it is slower to save than a home is to keep.'
                : 'Containers can’t be saved whole. QEMU machines can.'}
            </p>
          </div>
        )}
      </Disclosure>
      <Disclosure title="Homes" summary={sectionWords.homes(form)} faulty={faulty('quotaMiB', 'expiresAfterDays')}>
        <div className={css.wide}>
          <Choice label="When a session ends, its home">
            <Segmented
              label="When a session ends, its home"
              value={form.homePolicy}
              segments={[
                { value: 'none', label: 'Goes' },
                { value: 'keep', label: 'Stays' },
              ]}
              onChange={(homePolicy) => onChange({ ...form, homePolicy })}
            />
          </Choice>
          <p className={css.say} role="status">
            {homeWords(form)}
          </p>
        </div>
        {hasHomes(form) && (
          <>
            <TextField
              label="Quota of a home"
              suffix="MiB"
              inputMode="numeric"
              {...field('quotaMiB')}
              hint={quotaWords(form.backend)}
            />
            <TextField
              label="Goes when unused for"
              suffix="days"
              inputMode="numeric"
              {...field('expiresAfterDays')}
              hint="Days while this computer is off are counted up to a week"
            />
          </>
        )}
      </Disclosure>
      <Disclosure
        title="What a request may choose"
        summary={sectionWords.requests(form)}
        faulty={faulty('ownIdleMinimum', 'ownIdleMaximum')}
      >
        <div className={css.wide}>
          <Switch
            label="Another screen size"
            hint="Such a session gets a machine made for it, so it starts a little later"
            checked={form.ownScreen}
            onChange={(ownScreen) => onChange({ ...form, ownScreen })}
          />
        </div>
        <div className={css.wide}>
          <Switch
            label="Its own idle time"
            hint="Within bounds, for work that waits long for somebody"
            checked={form.ownIdle}
            onChange={(ownIdle) => onChange({ ...form, ownIdle })}
          />
        </div>
        {form.ownIdle && (
          <>
            <TextField label="Idle time, at least" suffix="min" inputMode="decimal" {...field('ownIdleMinimum')} />
            <TextField label="Idle time, at most" suffix="min" inputMode="decimal" {...field('ownIdleMaximum')} />
          </>
        )}
      </Disclosure>
    </>
  );
}

function Choice({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Labelled label={label}>
      <div>{children}</div>
    </Labelled>
  );
}
