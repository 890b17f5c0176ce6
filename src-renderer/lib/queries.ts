import type { BackendKind } from '@shared/pool';
import type { UsageQuery } from '@shared/usage';
import { keepPreviousData, QueryClient, useQuery } from '@tanstack/react-query';
import { call } from './api';

/** `always`: the main process is next door; whether the computer has a network says nothing about it. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { networkMode: 'always', retry: 1, staleTime: Infinity, refetchOnWindowFocus: false },
    mutations: { networkMode: 'always' },
  },
});

export const keys = {
  info: ['info'] as const,
  stats: ['stats'] as const,
  setup: ['setup'] as const,
  demo: ['demo'] as const,
  pools: ['pools'] as const,
  machines: (poolId: string) => ['machines', poolId] as const,
  sessions: ['sessions'] as const,
  session: (id: string) => ['session', id] as const,
  timeline: (id: string) => ['timeline', id] as const,
  attention: ['attention'] as const,
  tokenProgress: (id: string) => ['tokenProgress', id] as const,
  tokens: ['tokens'] as const,
  checkpoints: (sessionId: string) => ['checkpoints', sessionId] as const,
  consoleLog: (sessionId: string) => ['consoleLog', sessionId] as const,
  ended: ['endedSessions'] as const,
  diagnostics: ['diagnostics'] as const,
  usage: (query: UsageQuery) => ['usage', query] as const,
  homes: ['homes'] as const,
  capacity: ['capacity'] as const,
  settings: ['settings'] as const,
  look: (machineId: string) => ['look', machineId] as const,
  images: (backend: BackendKind) => ['images', backend] as const,
};

export const useInfo = () => useQuery({ queryKey: keys.info, queryFn: () => call('app.info', {}) });
export const useStats = () =>
  useQuery({ queryKey: keys.stats, queryFn: () => call('app.stats', {}), refetchInterval: 5000, retry: false });
export const useSetup = () => useQuery({ queryKey: keys.setup, queryFn: () => call('setup.status', {}) });
export const useDemo = () => useQuery({ queryKey: keys.demo, queryFn: () => call('demo.status', {}) });
export const usePools = () => useQuery({ queryKey: keys.pools, queryFn: () => call('pools.list', {}) });
export const useMachines = (poolId: string) =>
  useQuery({
    queryKey: keys.machines(poolId),
    queryFn: () => call('pools.machines', { id: poolId }),
    enabled: poolId !== '',
    // CPU and memory of a machine are measured, not announced.
    refetchInterval: 5000,
  });
export const useSessions = () =>
  useQuery({
    queryKey: keys.sessions,
    queryFn: async () => (await call('sessions.list', { live: true, limit: 200 })).data,
  });
export const useSession = (id: string) =>
  useQuery({ queryKey: keys.session(id), queryFn: () => call('sessions.get', { sessionId: id }) });
export const useAttention = () => useQuery({ queryKey: keys.attention, queryFn: () => call('attention.list', {}) });

/** Oldest first; kept by pushes. Off where the machine keeps none. */
export const useCheckpoints = (sessionId: string, enabled = true) =>
  useQuery({ queryKey: keys.checkpoints(sessionId), queryFn: () => call('checkpoints.list', { sessionId }), enabled });

/** Tokens change by use, which is not announced. */
export const useTokens = () =>
  useQuery({ queryKey: keys.tokens, queryFn: () => call('tokens.list', {}), staleTime: 0, refetchInterval: 10_000 });

/** What each backend is on this computer; looked at anew whenever somebody asks and the last answer is older. */
export const useBackends = () =>
  useQuery({
    queryKey: keys.diagnostics,
    queryFn: () => call('diagnostics.look', {}),
    staleTime: 30_000,
    select: (found) => found.backends,
  });
export const useImages = (backend: BackendKind) =>
  useQuery({ queryKey: keys.images(backend), queryFn: () => call('images.list', { backend }), staleTime: 10_000 });

/** Grows while sessions live, which is not announced. */
export const useUsage = (query: UsageQuery) =>
  useQuery({
    queryKey: keys.usage(query),
    queryFn: () => call('usage.report', query),
    staleTime: 0,
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });

/** Kept by pushes; what they take on disk is measured now and then, and told by no event. */
export const useHomes = () =>
  useQuery({ queryKey: keys.homes, queryFn: () => call('homes.list', {}), refetchInterval: 15_000 });

export const useSettings = () => useQuery({ queryKey: keys.settings, queryFn: () => call('settings.get', {}) });
/** What pools take changes with every machine and is told by no event; limits may be set elsewhere meanwhile. */
export const useCapacity = () =>
  useQuery({
    queryKey: keys.capacity,
    queryFn: () => call('capacity.get', {}),
    refetchInterval: 5000,
    refetchOnMount: 'always',
  });

export const useLook = (machineId: string) =>
  useQuery({
    queryKey: keys.look(machineId),
    queryFn: () => call('machines.look', { machineId }),
    refetchInterval: 5000,
    staleTime: 0,
    retry: false,
  });

export const useMe = () => useInfo().data?.operator ?? '';
