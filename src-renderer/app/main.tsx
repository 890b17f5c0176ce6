import '@fontsource-variable/inter/wght.css';
import '../styles/mono.css';
import '../styles/tokens.css';
import '../styles/base.css';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { navigate, useHashLocation } from 'wouter/use-hash-location';
import { call } from '../lib/api';
import { connectBridge } from '../lib/bridge';
import { followMain } from '../lib/live';
import { keys, queryClient } from '../lib/queries';
import { TooltipProvider } from '../ui/Tooltip';
import { App } from './App';
import { applyTheme, followTheme } from './theme';

async function start(): Promise<void> {
  const bridge = await connectBridge();
  followMain(bridge, queryClient, navigate, applyTheme);
  await Promise.all([
    followTheme(),
    queryClient.prefetchQuery({ queryKey: keys.info, queryFn: () => call('app.info', {}) }),
  ]);
  const root = document.getElementById('root');
  if (!root) throw new Error('index.html has no #root');
  createRoot(root).render(
    // The policy of the page refuses style elements, so Base UI makes none.
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <Router hook={useHashLocation}>
          <TooltipProvider delay={500}>
            <App />
          </TooltipProvider>
        </Router>
      </QueryClientProvider>
    </CSPProvider>,
  );
}

void start();
