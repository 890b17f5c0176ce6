/** Desktops drawn as SVG, 1280 x 800, so that development has something believable to look at. */
export const scenes = ['orders', 'mail', 'sheet', 'ticket', 'editor', 'files', 'terminal', 'puzzle'] as const;
export type Scene = (typeof scenes)[number];

const text = (x: number, y: number, value: string, size = 13, extra = '') =>
  `<text x="${x}" y="${y}" font-size="${size}" ${extra}>${value}</text>`;
const box = (x: number, y: number, w: number, h: number, fill: string, extra = '') =>
  `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}" ${extra}/>`;

const orders = [
  '48228 Aydın Yılmaz 1,204.00',
  '48219 Ines Duarte 318.75',
  '48213 Marta Kowalczyk 412.00',
  '48204 Lucie Moreau 742.10',
  '48188 Jonas Berg 233.00',
  '48172 Sofia Greco 49.00',
  '48166 Pavel Novák 158.30',
  '48151 Emre Demir 27.60',
  '48147 Clara Weiss 610.00',
];

function browser(title: string, address: string, body: string): string {
  return [
    box(0, 0, 1280, 764, '#ffffff'),
    box(0, 0, 1280, 38, '#dee1e6'),
    box(8, 7, 220, 31, '#ffffff', 'rx="8"'),
    text(36, 27, title, 12),
    box(0, 38, 1280, 40, '#ffffff'),
    box(104, 44, 1120, 28, '#f1f3f4', 'rx="14"'),
    text(120, 63, address, 13, 'fill="#3c4043"'),
    body,
  ].join('');
}

function ordersPage(step: number): string {
  const rows = orders.map((order, index) => {
    const [id, ...rest] = order.split(' ');
    const y = 268 + index * 42;
    return [
      index === 2 ? box(0, y, 870, 42, '#eaf3ee') : '',
      text(22, y + 26, id ?? '', 13, 'fill="#1a56b0"'),
      text(140, y + 26, `${20 - (index > 3 ? 1 : 0)} Nov, ${13 - index}:${10 + index * 4}`),
      text(300, y + 26, rest.slice(0, -1).join(' ')),
      text(560, y + 26, rest.at(-1) ?? '', 13, 'text-anchor="end"'),
      box(590, y + 11, 120, 21, '#fdebd0', 'rx="6"'),
      text(600, y + 26, 'Refund requested', 12, 'fill="#7a4b00"'),
      box(0, y + 41, 870, 1, '#e6e6e6'),
    ].join('');
  });
  const typed = 'Dear Marta, we are sorry the shelf arrived damaged. Your refund of 412.00 is on its way.'.slice(
    0,
    18 + ((step * 9) % 72),
  );
  return browser(
    'Orders – Hollis Supply',
    'orders.hollis.example/orders?status=refund',
    [
      box(0, 78, 1280, 50, '#1f3d2f'),
      text(22, 109, 'Hollis Supply', 17, 'fill="#fff" font-weight="700"'),
      text(174, 109, 'Orders   Customers   Stock   Returns   Reports', 14, 'fill="#fff" xml:space="preserve"'),
      text(22, 168, 'Orders', 22, 'font-weight="700"'),
      box(22, 186, 46, 30, '#fff', 'rx="15" stroke="#ccc"'),
      text(36, 206, 'All'),
      box(136, 186, 136, 30, '#e2f0e8', 'rx="15" stroke="#7cab90"'),
      text(150, 206, 'Refund requested', 13, 'font-weight="700"'),
      box(0, 228, 870, 36, '#f6f7f8'),
      text(22, 251, 'Order', 12, 'font-weight="700"'),
      text(140, 251, 'Placed', 12, 'font-weight="700"'),
      text(300, 251, 'Customer', 12, 'font-weight="700"'),
      text(590, 251, 'Status', 12, 'font-weight="700"'),
      ...rows,
      box(870, 128, 410, 636, '#ffffff', 'stroke="#d9d9d9"'),
      text(892, 164, 'Order 48213', 18, 'font-weight="700"'),
      text(892, 204, '2 × Oak shelf 120 cm'),
      text(1256, 204, '338.00', 13, 'text-anchor="end"'),
      text(892, 244, 'Total', 13, 'font-weight="700"'),
      text(1256, 244, '412.00 €', 13, 'text-anchor="end" font-weight="700"'),
      text(892, 292, 'Refund amount', 12, 'font-weight="700"'),
      box(892, 302, 364, 34, '#fff', 'rx="4" stroke="#2b6e4f" stroke-width="2"'),
      text(904, 324, '412.00'),
      text(892, 376, 'Note to the customer', 12, 'font-weight="700"'),
      box(892, 388, 364, 76, '#fff', 'rx="4" stroke="#bbb"'),
      text(902, 410, typed.slice(0, 52)),
      text(902, 430, typed.slice(52)),
      box(892, 486, 116, 34, '#2b6e4f', 'rx="4"'),
      text(910, 508, 'Issue refund', 13, 'fill="#fff" font-weight="700"'),
      box(1018, 486, 100, 34, '#fff', 'rx="4" stroke="#bbb"'),
      text(1036, 508, 'Save draft', 13, 'font-weight="700"'),
    ].join(''),
  );
}

const lines = (x: number, y: number, step: number, values: readonly string[], size = 13, extra = '') =>
  values.map((value, index) => text(x, y + index * step, value, size, extra)).join('');

function inWindow(x: number, y: number, w: number, h: number, title: string, body: string, fill = '#ffffff'): string {
  return [
    box(0, 0, 1280, 764, '#4d6470'),
    `<path d="M0 764 L0 560 Q 420 380 800 520 T 1280 470 L1280 764 Z" fill="#435863"/>`,
    box(x, y, w, h, fill, 'stroke="#222"'),
    box(x, y, w, 28, '#3a3f46'),
    text(x + 12, y + 19, title, 13, 'fill="#fff"'),
    body,
  ].join('');
}

function sceneBody(scene: Scene, step: number): string {
  switch (scene) {
    case 'orders':
      return ordersPage(step);
    case 'mail':
      return browser(
        'Inbox',
        'mail.example/inbox',
        box(0, 78, 180, 686, '#f3ecf9') +
          lines(
            200,
            118,
            44,
            [
              'Label sizes for the new boxes',
              'Order confirmation 48213',
              'Wrong colour delivered',
              'Delivery on Saturday?',
              'Account statement November',
              'Customs form',
              'Please check the totals',
              'Price list 2027',
              'Lunch on Friday',
              'Thanks for the parcel',
            ],
            15,
          ) +
          lines(20, 120, 36, ['Inbox', 'Sent', 'Drafts', 'Archive'], 14),
      );
    case 'sheet':
      return browser(
        'Carriers',
        'sheets.example/carriers',
        Array.from(
          { length: 22 },
          (_, index) =>
            box(0, 118 + index * 28, 1280, 1, '#ddd') +
            lines(
              30,
              138 + index * 28,
              28,
              [
                `DH ${index}  Carrier ${index}   ${120 + index * 7}   ${4 + (index % 3)}   ${(1.2 + index / 10).toFixed(1)}`,
              ],
              13,
              'xml:space="preserve"',
            ),
        ).join('') +
          Array.from({ length: 9 }, (_, index) => box(140 * index, 90, 1, 674, '#ddd')).join('') +
          box(560, 600, 140, 28, 'none', 'stroke="#1a56b0" stroke-width="2"'),
      );
    case 'ticket':
      return browser(
        'Ticket 8812',
        'desk.example/8812',
        text(380, 132, 'Wrong colour delivered', 22, 'font-weight="700"') +
          lines(
            380,
            176,
            24,
            [
              'The shelf I ordered in oak came in walnut. Could you',
              'send the right one? I can give the old one to the driver.',
            ],
            15,
          ) +
          box(380, 260, 520, 120, '#f7f2ea', 'stroke="#ddc"') +
          text(396, 288, 'Dear Mr Berg, '.padEnd(14 + (step % 20), 'we are sorry for the mix-up'), 15) +
          box(380, 396, 120, 34, '#b4572b') +
          text(398, 418, 'Send and close', 13, 'fill="#fff"'),
      );
    case 'editor':
      return inWindow(
        180,
        60,
        860,
        620,
        'notes.md – Mousepad',
        lines(
          200,
          120,
          26,
          [
            '# Week 47',
            '',
            'Agreed:',
            '- supplier list: 34 addresses, two bounce',
            '- carriers report, mail due Friday',
            '- invoice 2217 was booked twice',
            '',
            'Next:',
            '- translate the size chart',
            '- collect the delivery times',
          ].slice(0, 4 + (step % 7)),
          16,
          'font-family="monospace"',
        ),
      );
    case 'files':
      return inWindow(
        140,
        80,
        980,
        580,
        'Documents',
        Array.from(
          { length: 15 },
          (_, index) =>
            box(
              360 + (index % 5) * 150,
              150 + Math.floor(index / 5) * 140,
              56,
              42,
              index % 3 === 2 ? '#c0524a' : '#d9b25c',
              'rx="4"',
            ) + text(352 + (index % 5) * 150, 214 + Math.floor(index / 5) * 140, `Folder ${index + 1}`),
        ).join('') + lines(160, 150, 30, ['Home', 'Desktop', 'Documents', 'Downloads'], 15),
      );
    case 'terminal':
      return inWindow(
        150,
        60,
        960,
        600,
        'agent@desk: ~/label',
        lines(
          170,
          120,
          24,
          [
            '✓ src/label.test.ts (12 tests) 88ms',
            '✓ src/sizes.test.ts (4 tests) 31ms',
            '× src/print.test.ts (1 test) 12ms',
            '  → expected 148 to be 105',
            'Test Files  1 failed | 2 passed (3)',
            'agent@desk:~/label$ git diff --stat',
            'src/print.ts | 6 +++---',
            'agent@desk:~/label$ █',
          ],
          15,
          'fill="#d6e2d6" font-family="monospace"',
        ),
        '#14181d',
      );
    case 'puzzle':
      return browser(
        'Company register',
        'register.example/search',
        box(440, 110, 400, 110, '#3c6fb4') +
          text(460, 146, 'Choose every square with', 16, 'fill="#fff"') +
          text(460, 180, 'bicycles', 24, 'fill="#fff" font-weight="700"') +
          Array.from({ length: 9 }, (_, index) =>
            box(
              440 + (index % 3) * 134,
              230 + Math.floor(index / 3) * 134,
              128,
              128,
              ['#8aa39b', '#94a7b5', '#7f8b94', '#a4b29a', '#6f8291', '#8c9a8e', '#9aa9b8', '#7d948c', '#a8a89a'][
                index
              ] ?? '#888',
            ),
          ).join('') +
          box(760, 640, 80, 34, '#3c6fb4') +
          text(780, 662, 'Verify', 13, 'fill="#fff"'),
      );
  }
}

export function drawing(
  scene: Scene,
  step: number,
  view = { x: 0, y: 0, width: 1280, height: 800 },
  out = { width: 1280, height: 800 },
): string {
  const panel =
    box(0, 764, 1280, 36, '#23272c') +
    text(18, 787, 'Menu', 13, 'fill="#fff" font-weight="700"') +
    box(70, 769, 190, 26, '#56616b') +
    text(82, 787, scene, 13, 'fill="#fff"') +
    text(1256, 787, 'Fri 20 Nov  14:26', 13, 'fill="#fff" text-anchor="end" xml:space="preserve"');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${out.width}" height="${out.height}" viewBox="${view.x} ${view.y} ${view.width} ${view.height}" font-family="Liberation Sans, Arial, sans-serif" fill="#1d1d1f">${sceneBody(scene, step)}${panel}</svg>`;
}

export const drawingUrl = (...args: Parameters<typeof drawing>) =>
  `data:image/svg+xml;utf8,${encodeURIComponent(drawing(...args))}`;

/** Frames are named by their content elsewhere; here the name holds what to draw. */
export const frameHash = (scene: Scene, step: number) =>
  `${scenes.indexOf(scene).toString(16)}${step.toString(16).padStart(5, '0')}`.padEnd(64, '0');
export const readHash = (hash: string): [Scene, number] => [
  scenes[parseInt(hash[0] ?? '0', 16)] ?? 'orders',
  parseInt(hash.slice(1, 6), 16),
];
