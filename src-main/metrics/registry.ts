/**
 * Metrics, and their text in Prometheus' exposition format 0.0.4
 * (https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md). Our own few lines: the common
 * library brings a second API's package and a global registry for what is a page of text.
 */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;
export interface Sample {
  labels?: Labels;
  value: number;
}
interface Metric {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  /** Lines under the head; `suffix` goes behind the name. */
  samples(): Iterable<Sample & { suffix?: string }>;
}

/** Series of one metric that are kept; what comes beyond is counted under `other`, so that a guest can't fill the memory. */
const mostSeries = 500;

/** Rises; the labels' values are to be few. */
export interface Counter {
  inc(labels?: Labels, by?: number): void;
}
/** Spreads what is observed over buckets; in seconds. */
export interface Histogram {
  observe(labels: Labels, value: number): void;
}

export class Registry {
  private readonly metrics: Metric[] = [];

  counter(name: string, help: string): Counter {
    const series = new Series(() => ({ value: 0 }));
    this.metrics.push({
      ...{ name, help, type: 'counter' },
      samples: () => series.all().map(([labels, { value }]) => ({ labels, value })),
    });
    return { inc: (labels = {}, by = 1) => void (series.of(labels).value += by) };
  }

  /** `buckets`: upper bounds, rising, without +Inf. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    const series = new Series(() => ({ counts: buckets.map(() => 0), sum: 0, count: 0 }));
    this.metrics.push({
      ...{ name, help, type: 'histogram' },
      samples: () => series.all().flatMap(([labels, one]) => spread(labels, buckets, one)),
    });
    return {
      observe(labels, value) {
        const one = series.of(labels);
        one.sum += value;
        one.count += 1;
        const bucket = buckets.findIndex((bound) => value <= bound);
        if (bucket >= 0) one.counts[bucket] = (one.counts[bucket] ?? 0) + 1;
      },
    };
  }

  /** Read when it is asked for. */
  gauge(name: string, help: string, read: () => readonly Sample[], type: 'gauge' | 'counter' = 'gauge'): void {
    this.metrics.push({ ...{ name, help, type }, samples: read });
  }

  /** Everything, as text. */
  text(): string {
    const lines: string[] = [];
    for (const { name, help, type, samples } of this.metrics) {
      lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${type}`);
      for (const { suffix = '', labels, value } of samples()) {
        lines.push(`${name}${suffix}${labelText(labels)} ${numberText(value)}`);
      }
    }
    return `${lines.join('\n')}\n`;
  }
}

class Series<T> {
  private readonly byKey = new Map<string, { labels: Labels; value: T }>();
  constructor(private readonly make: () => T) {}

  of(labels: Labels): T {
    const key = labelText(labels);
    const known = this.byKey.get(key);
    if (known) return known.value;
    if (this.byKey.size >= mostSeries && !Object.values(labels).every((value) => value === 'other'))
      return this.of(Object.fromEntries(Object.keys(labels).map((name) => [name, 'other'])));
    const value = this.make();
    this.byKey.set(key, { labels, value });
    return value;
  }
  all(): [Labels, T][] {
    return [...this.byKey.values()].map(({ labels, value }) => [labels, value]);
  }
}

function spread(
  labels: Labels,
  buckets: readonly number[],
  { counts, sum, count }: { counts: readonly number[]; sum: number; count: number },
): (Sample & { suffix: string })[] {
  let below = 0;
  const lines = buckets.map((bound, index) => {
    below += counts[index] ?? 0;
    return { suffix: '_bucket', labels: { ...labels, le: numberText(bound) }, value: below };
  });
  return [
    ...lines,
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: count },
  ];
}

const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

function labelText(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** As Go's ParseFloat reads it. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
