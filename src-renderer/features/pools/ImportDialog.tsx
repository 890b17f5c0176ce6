import type { RequestOutput } from '@shared/ipc';
import { ArrowRight } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { call, toApiError, type ApiError } from '../../lib/api';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorLine } from '../../ui/ErrorLine';
import { Spinner } from '../../ui/Spinner';
import css from './ImportDialog.module.css';
import { fieldWords, importWords, valueWords } from './importModel';

type Chosen = NonNullable<RequestOutput<'pools.openImport'>>;

/** Asks for a file, shows what it would change, and changes it when that is wanted. A bad file is told fault by fault. */
export function ImportDialog({ onClose, onDone }: { onClose(): void; onDone(poolId: string): void }) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const asked = useRef(false);
  const choose = async () => {
    setFailure(null);
    try {
      const file = await call('pools.openImport', {});
      if (file) setChosen(file);
      else if (!chosen) onClose();
    } catch (error) {
      setChosen(null);
      setFailure(toApiError(error));
    }
  };
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    void choose();
  });
  const apply = async ({ text }: Chosen) => {
    setBusy(true);
    setFailure(null);
    try {
      const { pools } = await call('pools.import', { text });
      const first = pools.find(({ action }) => action !== 'unchanged')?.id;
      onClose();
      if (first) onDone(first);
    } catch (error) {
      setFailure(toApiError(error));
      setBusy(false);
    }
  };
  if (!chosen && !failure) return null;
  const words = chosen && importWords(chosen.preview);
  return (
    <Dialog
      open
      onClose={onClose}
      width={560}
      title={chosen ? `Import ${chosen.file}` : 'The file can’t be imported'}
      description={
        chosen
          ? words
            ? `${words}. Warm machines follow at once; a leased one stays as it is until its session ends.`
            : 'Nothing would change: the pools are as the file says.'
          : 'Nothing was changed.'
      }
      footer={
        <>
          <Button onClick={onClose}>{chosen && !words ? 'Close' : 'Cancel'}</Button>
          {chosen && words ? (
            <Button
              kind="primary"
              disabled={busy}
              icon={busy ? <Spinner /> : undefined}
              onClick={() => void apply(chosen)}
            >
              Import
            </Button>
          ) : (
            <Button onClick={() => void choose()}>Choose another file…</Button>
          )}
        </>
      }
    >
      {chosen && <Preview preview={chosen.preview} />}
      {failure && <ErrorLine>{failure.message}</ErrorLine>}
      {failure && failure.details.length > 0 && (
        <ul className={css.faults} aria-label="What is wrong">
          {failure.details.map(({ path, message }, at) => (
            <li key={at}>
              {path && <code>{path}</code>}
              <span>{message}</span>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

function Preview({ preview }: { preview: Chosen['preview'] }) {
  return (
    <ul className={css.pools} aria-label="What the import does">
      {preview.pools.map(({ action, displayName, changes }, at) => (
        <li key={at}>
          <b className="clip">{displayName}</b>
          <span className={css.action}>
            {action === 'create' ? 'is new' : action === 'update' ? 'changes' : 'stays as it is'}
          </span>
          {action === 'update' && (
            <dl>
              {changes.map(({ path, from, to }) => (
                <div key={path}>
                  <dt>{fieldWords(path)}</dt>
                  <dd>
                    <span>{valueWords(path, from)}</span>
                    <ArrowRight size={14} aria-label="becomes" />
                    <span>{valueWords(path, to)}</span>
                  </dd>
                </div>
              ))}
            </dl>
          )}
          {action === 'create' && (
            <dl>
              {changes
                .filter(({ path }) => /^(backend|image|warm|size\.(cpus|memoryMiB))/.test(path))
                .map(({ path, to }) => (
                  <div key={path}>
                    <dt>{fieldWords(path)}</dt>
                    <dd>{valueWords(path, to)}</dd>
                  </div>
                ))}
            </dl>
          )}
        </li>
      ))}
    </ul>
  );
}
