import type { UsageQuery, UsageReport } from '@shared/usage';

const hour = 3_600_000;
const measured = (scale: number, sessions: number): UsageReport['total'] => ({
  sessions,
  calls: Math.round(184 * scale),
  wallMs: 6.4 * hour * scale,
  activeMs: 1.7 * hour * scale,
  heldMs: 0.3 * hour * scale,
  pausedMs: 0.2 * hour * scale,
  suspendedMs: 0,
  recordBytes: Math.round(41e6 * scale),
  checkpointBytes: Math.round(180e6 * scale),
});

/** A believable report for the page in a plain browser. */
export function mockUsage({ by, from, to, pool = 'desktop' }: UsageQuery): UsageReport {
  const now = new Date().toISOString();
  const names = by === 'session' ? ['Invoices of May', 'Portal sign-in'] : ['invoice-bot', 'claude'];
  const rows = names.map((name, index) => {
    const scale = index === 0 ? 1 : 0.4;
    return { key: name, name, poolId: by === 'caller' ? null : pool, caller: name, ...measured(scale, 2 - index) };
  });
  return { from: from ?? now, to: to ?? now, by, rows, total: measured(1.4, 3), truncated: false };
}
