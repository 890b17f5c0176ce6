const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\\\\\|\\\\"|\\\\n)*"';
const line = new RegExp(`^(${name})(\\{${label}(?:,${label})*\\})? (NaN|[+-]Inf|-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`);

/**
 * Reads text format 0.0.4 as strictly as it is written down: a head before each metric, its samples together, no series
 * twice, counters named _total. Returns the value of each series.
 */
export function parseText(text: string): Map<string, number> {
  if (!text.endsWith('\n')) throw new Error('The last line has no end.');
  const values = new Map<string, number>();
  const types = new Map<string, string>();
  let current = '';
  for (const one of text.slice(0, -1).split('\n')) {
    const head = /^# (HELP|TYPE) (\S+) (.+)$/.exec(one);
    if (head) {
      const [, kind = '', metric = '', rest = ''] = head;
      if (kind === 'HELP') current = metric;
      else if (metric !== current || types.has(metric)) throw new Error(`A head out of place: ${one}`);
      else types.set(metric, rest);
      continue;
    }
    const [, metric = '', labels = '', value = ''] = line.exec(one) ?? [];
    const type = types.get(current);
    const belongs = type === 'histogram' ? metric.replace(/_(bucket|sum|count)$/, '') : metric;
    if (metric === '' || belongs !== current) throw new Error(`Not a sample of ${current}: ${one}`);
    if (type === 'counter' && !metric.endsWith('_total')) throw new Error(`A counter without _total: ${one}`);
    if (values.has(metric + labels)) throw new Error(`Twice: ${one}`);
    values.set(metric + labels, Number(value.replace('Inf', 'Infinity')));
  }
  return values;
}
