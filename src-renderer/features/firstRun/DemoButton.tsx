import type { SetupWay } from '@shared/ipc';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { call, messageOf } from '../../lib/api';
import { keys, queryClient, useDemo } from '../../lib/queries';
import { Button } from '../../ui/Button';
import { ErrorLine } from '../../ui/ErrorLine';
import { Spinner } from '../../ui/Spinner';

/** Starts the demo agent, on a machine of the way that is named, or goes to where it works. */
export function DemoButton({ disabled, way }: { disabled?: boolean; way?: SetupWay }) {
  const demo = useDemo().data;
  const [, go] = useLocation();
  const [failure, setFailure] = useState<string | null>(null);
  const [asked, setAsked] = useState(false);
  const running = demo?.state === 'running' || demo?.state === 'waiting';
  const sessionId = running ? demo.sessionId : null;
  useEffect(() => {
    if (asked && sessionId) go(`/session/${sessionId}`);
  }, [asked, sessionId, go]);
  if (sessionId) {
    return <Button onClick={() => go(`/session/${sessionId}`)}>Watch the demo agent</Button>;
  }
  const start = async () => {
    setFailure(null);
    setAsked(true);
    try {
      queryClient.setQueryData(keys.demo, await call('demo.start', { backend: way }));
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <>
      <Button
        disabled={disabled || demo?.state === 'starting'}
        icon={demo?.state === 'starting' ? <Spinner /> : undefined}
        onClick={() => void start()}
      >
        {demo?.state === 'starting' ? 'The demo agent starts' : 'Start the demo agent'}
      </Button>
      {(failure ?? (demo?.state === 'failed' ? demo.message : null)) && (
        <ErrorLine>{failure ?? demo?.message}</ErrorLine>
      )}
    </>
  );
}
