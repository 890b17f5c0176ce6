import { orders, rowsPerPage } from './data.mjs';

const escape = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const layout = (title, body) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)} · Shop floor</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><span class="mark"></span><strong>Shop floor</strong><span class="site">Northgate works</span></header>
<main>${body}</main>
</body>
</html>`;

/** One page of the table of orders, `page` counted from 1. */
export const ordersPage = (page) => {
  const pages = Math.ceil(orders.length / rowsPerPage);
  const shown = orders.slice((page - 1) * rowsPerPage, page * rowsPerPage);
  const row = (
    order,
  ) => `<tr><td class="id">${escape(order.order)}</td><td>${escape(order.machine)}</td><td>${escape(order.part)}</td>
<td class="number">${escape(order.quantity)}</td><td class="number">${escape(order.due)}</td>
<td><span class="${escape(order.status.toLowerCase().replace(' ', '-'))}">${escape(order.status)}</span></td><td class="number">${escape(order.minutes)}</td></tr>`;
  const previous = page > 1 ? `<a href="/orders?page=${page - 1}">Previous page</a>` : '';
  const next =
    page < pages
      ? `<a class="button" href="/orders?page=${page + 1}">Next page</a>`
      : '<span class="end">End of the list</span>';
  return layout(
    `Orders, page ${page} of ${pages}`,
    `<div class="title"><h1>Orders</h1><p>Page ${page} of ${pages}, ${orders.length} orders</p></div>
<table><thead><tr><th>Order</th><th>Machine</th><th>Part</th><th class="number">Quantity</th><th class="number">Due</th><th>Status</th><th class="number">Minutes</th></tr></thead>
<tbody>${shown.map(row).join('\n')}</tbody></table>
<nav>${previous}${next}</nav>`,
  );
};

/** Asks for the six digits; `problem` says what was wrong with the last try. */
export const signInPage = (next, problem) =>
  layout(
    'Sign in',
    `<section class="card"><h1>Sign in</h1>
<p>The second page shows customers' orders. Enter the 6-digit code that was given to you.</p>
<form method="post" action="/sign-in">
<input type="hidden" name="next" value="${escape(next)}">
<label for="code">Code</label>
<input id="code" name="code" inputmode="numeric" autocomplete="off" maxlength="7" placeholder="000 000" autofocus required>
${problem ? `<p class="problem" role="alert">${escape(problem)}</p>` : ''}
<button class="button">Sign in</button>
</form></section>`,
  );

export const problemPage = (title, text) =>
  layout(title, `<section class="card"><h1>${escape(title)}</h1><p>${escape(text)}</p></section>`);
