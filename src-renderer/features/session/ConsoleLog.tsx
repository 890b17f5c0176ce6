import { ScrollText, TriangleAlert } from 'lucide-react';
import { useQuery } from '@tanstack/react-query';
import { call, messageOf } from '../../lib/api';
import { keys } from '../../lib/queries';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { Tail } from '../../ui/Tail';
import css from './ConsoleLog.module.css';
import { plainLine } from './machineModel';

const lines = 500;
const everyMs = 2000;

/** The last lines of the machine's serial console, asked for again while it is looked at. */
export function ConsoleLog({ sessionId, live }: { sessionId: string; live: boolean }) {
  const log = useQuery({
    queryKey: keys.consoleLog(sessionId),
    queryFn: () => call('sessions.consoleLog', { sessionId, lines }),
    refetchInterval: live ? everyMs : false,
    staleTime: 0,
  });
  if (log.error && !log.data)
    return (
      <Notice
        icon={<TriangleAlert />}
        tone="trouble"
        title="The console can't be read"
        actions={<Button onClick={() => void log.refetch()}>Try again</Button>}
      >
        {messageOf(log.error)}
      </Notice>
    );
  if (!log.data) return null;
  return <LogText lines={log.data} />;
}

/** What the guest writes is text, whatever it looks like. */
export function LogText({ lines: shown }: { lines: readonly string[] }) {
  if (shown.length === 0)
    return (
      <Notice icon={<ScrollText />} title="Nothing was written yet">
        What the machine&apos;s kernel and its first programs say shows up here.
      </Notice>
    );
  return (
    <div className={css.log}>
      <p className={css.head}>Serial console, the last {shown.length} lines, newest last</p>
      <Tail lines={shown.map(plainLine)} label="Serial console" className={css.text} />
    </div>
  );
}
