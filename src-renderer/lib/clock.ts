const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Running clocks: 0:09, 2:14, 1:02:14. Negative spans show as 0:00. */
export function clock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / second));
  const h = Math.floor(total / 3600);
  const m = Math.floor((total % 3600) / 60);
  const s = String(total % 60).padStart(2, '0');
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** Ages: 42 s, 24 min, 1 h 12, 3 d. */
export function age(ms: number): string {
  const span = Math.max(0, ms);
  if (span < minute) return `${Math.floor(span / second)} s`;
  if (span < hour) return `${Math.floor(span / minute)} min`;
  if (span < day) return `${Math.floor(span / hour)} h ${String(Math.floor((span % hour) / minute)).padStart(2, '0')}`;
  return `${Math.floor(span / day)} d`;
}

/** Durations of finished things: 12 ms, 0.4 s, 12 s, 1 min 48 s. */
export function duration(ms: number): string {
  if (ms < 100) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * second) return `${(ms / second).toFixed(1)} s`;
  if (ms < minute) return `${Math.round(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min ${Math.floor((ms % minute) / second)} s`;
  return age(ms);
}

/** Time of day, local: 14:26. */
export function timeOfDay(iso: string): string {
  const at = new Date(iso);
  return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
}

export function timeWithSeconds(iso: string): string {
  return `${timeOfDay(iso)}:${String(new Date(iso).getSeconds()).padStart(2, '0')}`;
}

/** "20 Nov, 14:12"; of today the time alone. */
export function moment(iso: string, now: number): string {
  const at = new Date(iso);
  if (at.toDateString() === new Date(now).toDateString()) return timeOfDay(iso);
  return `${at.getDate()} ${at.toLocaleDateString('en', { month: 'short' })}, ${timeOfDay(iso)}`;
}

/** "30 min", "2 h", "1 day": settings in seconds as people say them. */
export function settingSpan(seconds: number): string {
  if (seconds % 86_400 === 0) return seconds === 86_400 ? '1 day' : `${seconds / 86_400} days`;
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}
