import type { Diagnostics } from '@shared/diagnostics';
import { diagnosticsReport } from '@shared/diagnosticsReport';
import { useQuery } from '@tanstack/react-query';
import { Check, ClipboardList, RefreshCw, TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { keys } from '../../lib/queries';
import { Button } from '../../ui/Button';
import { ErrorLine } from '../../ui/ErrorLine';
import { Notice } from '../../ui/Notice';
import { Spinner } from '../../ui/Spinner';
import { ViewHeader } from '../../ui/ViewHeader';
import { Backends } from './Backends';
import { CheckRow } from './CheckRow';
import css from './DiagnosticsView.module.css';
import { groups, summary } from './model';

/** How long "Copied" stays in the button, in milliseconds. */
const copiedMs = 2000;

/** What Wheelhouse stands on here: each thing with its state, what was found and what mends it. */
export function DiagnosticsView() {
  const look = useQuery({
    queryKey: keys.diagnostics,
    queryFn: () => call('diagnostics.look', {}),
    staleTime: 30_000,
    retry: false,
  });
  const found = look.data;
  return (
    <div className={css.view}>
      <ViewHeader title="Diagnostics" summary={found && `${summary(found)}. Looked at ${timeOf(found.at)}`}>
        {found && <CopyReport found={found} />}
        <Button
          icon={look.isFetching ? <Spinner /> : <RefreshCw size={16} />}
          disabled={look.isFetching}
          onClick={() => void look.refetch()}
        >
          Look again
        </Button>
      </ViewHeader>
      <div className={css.body} data-waits={(look.isFetching && found !== undefined) || undefined}>
        {look.isPending && (
          <Notice icon={<Spinner size={20} />} title="Looking at this computer">
            Docker and QEMU are asked. A hung engine is given up after 10 seconds.
          </Notice>
        )}
        {look.error && (
          <Notice icon={<TriangleAlert />} tone="trouble" title="This computer can’t be looked at">
            {messageOf(look.error)} Sessions go on. Try to look again.
          </Notice>
        )}
        {found && (
          <div className={css.columns}>
            <div>
              {groups(found).map(({ title, checks }) => (
                <section key={title} className={css.card} aria-label={title}>
                  <h2>{title}</h2>
                  <ul>
                    {checks.map((check) => (
                      <CheckRow key={check.id} check={check} />
                    ))}
                  </ul>
                </section>
              ))}
            </div>
            <Backends backends={found.backends} />
          </div>
        )}
      </div>
    </div>
  );
}

const timeOf = (at: string): string =>
  new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

function CopyReport({ found }: { found: Diagnostics }) {
  const [copied, setCopied] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), copiedMs);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await call('app.copyText', { text: diagnosticsReport(found).slice(0, 65_000) });
      setFailure(null);
      setCopied(true);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <>
      {failure && <ErrorLine>{failure}</ErrorLine>}
      <Button icon={copied ? <Check size={16} /> : <ClipboardList size={16} />} onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy report'}
      </Button>
      <span className="srOnly" role="status">
        {copied ? 'The report is in the clipboard' : ''}
      </span>
    </>
  );
}
