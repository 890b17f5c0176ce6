import type { Capacity } from '@shared/capacity';
import { useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { keys, queryClient, usePools } from '../../lib/queries';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorLine } from '../../ui/ErrorLine';
import { TextField } from '../../ui/Field';
import { Spinner } from '../../ui/Spinner';
import css from './Capacity.module.css';
import { StopSetting } from './StopSetting';
import { checkLimits, limitForm, limitsOf, limitWords, meterKeys, type LimitForm } from './capacityModel';
import { memoryWords } from './model';

const fields: Record<keyof LimitForm, { label: string; suffix: string }> = {
  machines: { label: 'Machines, at most', suffix: 'machines' },
  memoryMiB: { label: 'Memory, at most', suffix: 'GB' },
  cpus: { label: 'Processors, at most', suffix: 'CPU' },
};

/** What all pools together may take, and who takes it now. */
export function CapacityDialog({ capacity, onClose }: { capacity: Capacity; onClose(): void }) {
  const [form, setForm] = useState(() => limitForm(capacity.limits));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const errors = checkLimits(form);
  const valid = Object.keys(errors).length === 0;
  const usual = limitForm(capacity.defaults);
  const isUsual = meterKeys.every((key) => form[key].trim() === usual[key]);
  const save = async () => {
    if (!valid || busy) return;
    setBusy(true);
    setFailure(null);
    try {
      const saved = await call('capacity.set', limitsOf(form));
      queryClient.setQueryData<Capacity>(keys.capacity, saved);
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
      title="Limits of this computer"
      description="For all pools together, by the sizes of their machines. Machines that are there stay; sessions are never touched."
      footer={
        <>
          <Button kind="quiet" className={css.usual} disabled={isUsual} onClick={() => setForm(usual)}>
            Back to the defaults
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            disabled={busy || !valid}
            icon={busy ? <Spinner /> : undefined}
            onClick={() => void save()}
          >
            Save
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
        {meterKeys.map((key) => (
          <TextField
            key={key}
            label={fields[key].label}
            suffix={fields[key].suffix}
            inputMode={key === 'machines' ? 'numeric' : 'decimal'}
            placeholder="No limit"
            value={form[key]}
            onChange={(value) => setForm({ ...form, [key]: value })}
            error={errors[key] ?? null}
            hint={limitWords(key, form, capacity)}
          />
        ))}
        <button type="submit" hidden aria-label="Save" />
      </form>
      <Shares capacity={capacity} />
      <StopSetting />
      {failure && <ErrorLine>{failure}</ErrorLine>}
    </Dialog>
  );
}

function Shares({ capacity }: { capacity: Capacity }) {
  const pools = usePools().data ?? [];
  const scarce = capacity.pools.some((each) => each.share !== null);
  return (
    <table className={css.shares}>
      <caption>
        {scarce
          ? 'Pools want more than there is: each may have its share, and gives back warm machines above it.'
          : 'Every pool has what it wants.'}
      </caption>
      <thead>
        <tr>
          <th scope="col">Pool</th>
          <th scope="col">Machines</th>
          <th scope="col">Memory</th>
          <th scope="col">CPU</th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {capacity.pools.map(({ poolId, taken, share }) => (
          <tr key={poolId}>
            <th scope="row" className="clip">
              {pools.find((each) => each.id === poolId)?.displayName ?? poolId}
            </th>
            <td className="tnum">{taken.machines}</td>
            <td className="tnum">{memoryWords(taken.memoryMiB)}</td>
            <td className="tnum">{Number(taken.cpus.toFixed(2))}</td>
            <td className="tnum">{share ?? ''}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">All</th>
          <td className="tnum">{capacity.taken.machines}</td>
          <td className="tnum">{memoryWords(capacity.taken.memoryMiB)}</td>
          <td className="tnum">{Number(capacity.taken.cpus.toFixed(2))}</td>
          <td>{capacity.limits.machines !== null && scarce ? `of ${capacity.limits.machines}` : ' '}</td>
        </tr>
      </tfoot>
    </table>
  );
}
