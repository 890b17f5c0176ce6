/** One row of the shop floor's list, as the page shows it. */
export interface Order {
  order: string;
  machine: string;
  part: string;
  quantity: number;
  due: string;
  status: string;
  minutes: number;
}

export type Page =
  | { kind: 'orders'; page: number; pages: number; total: number; orders: Order[] }
  | { kind: 'signIn' }
  | { kind: 'other' };

const columns = ['Order', 'Machine', 'Part', 'Quantity', 'Due', 'Status', 'Minutes'];

const wholeNumber = (text: string): number | null => (/^\d+$/.test(text) ? Number(text) : null);

function parseRow(cells: readonly string[]): Order | null {
  const [order, machine, part, quantityText, due, status, minutesText] = cells;
  if (cells.length !== columns.length || !order || !machine || !part || !due || !status) return null;
  const quantity = wholeNumber(quantityText ?? '');
  const minutes = wholeNumber(minutesText ?? '');
  if (quantity === null || minutes === null) return null;
  return { order, machine, part, quantity, due, status, minutes };
}

/**
 * What the copied text of a page says. A browser copies a table with tabs between cells and a line a row. The text is
 * the site's, so anything that does not look like the list is `other`, never an exception.
 */
export function readPage(text: string): Page {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (lines.includes('Sign in') && /6-digit code/.test(text)) return { kind: 'signIn' };
  const title = /Page (\d+) of (\d+), (\d+) orders/.exec(text);
  if (!title) return { kind: 'other' };
  const orders = lines.flatMap((line) => {
    const row = parseRow(line.split('\t').map((cell) => cell.trim()));
    return row ? [row] : [];
  });
  return { kind: 'orders', page: Number(title[1]), pages: Number(title[2]), total: Number(title[3]), orders };
}

/** The text that the agent saves: machines by load, and what is late. */
export function writeReport(orders: readonly Order[]): string {
  const minutesBy = new Map<string, { orders: number; minutes: number }>();
  for (const { machine, minutes } of orders) {
    const sum = minutesBy.get(machine) ?? { orders: 0, minutes: 0 };
    minutesBy.set(machine, { orders: sum.orders + 1, minutes: sum.minutes + minutes });
  }
  const machines = [...minutesBy].sort(([a, x], [b, y]) => y.minutes - x.minutes || a.localeCompare(b));
  const late = orders.filter(({ status }) => status === 'Late').sort((a, b) => a.due.localeCompare(b.due));
  const minutes = orders.reduce((sum, order) => sum + order.minutes, 0);
  const hours = (value: number) => `${Math.floor(value / 60)} h ${String(value % 60).padStart(2, '0')} min`;
  return [
    'Shop floor report',
    '',
    `${orders.length} orders, ${minutes} minutes of work (${hours(minutes)})`,
    '',
    'Load by machine',
    ...machines.map(
      ([machine, sum]) => `${machine}: ${sum.minutes} min, ${sum.orders} ${sum.orders === 1 ? 'order' : 'orders'}`,
    ),
    '',
    `Late: ${late.length}`,
    ...late.map(({ order, part, due, machine }) => `${order} ${part}, due ${due}, on ${machine}`),
    '',
  ].join('\n');
}
