import { z } from 'zod';
import { usageQuerySchema, usageReportSchema } from '@shared/usage';
import { csvName, toCsv } from '../../usage/csv';
import { json } from '../reply';
import { defineRoute, operators } from '../route';

const formatSchema = z.object({ format: z.enum(['json', 'csv']).optional() });
const csvType = 'text/csv; charset=utf-8; header=present';

/** The first of the two types that the caller names; JSON for whoever takes anything. */
const wantsCsv = (accept = ''): boolean => {
  const types = accept.split(',').map((part) => part.split(';')[0]?.trim().toLowerCase());
  const csv = types.indexOf('text/csv');
  const other = types.indexOf('application/json');
  return csv >= 0 && (other < 0 || csv < other);
};

export const getUsage = defineRoute({
  method: 'GET',
  path: '/api/usage',
  id: 'getUsage',
  summary: 'What sessions used, by session, pool or caller; CSV by ?format=csv or Accept: text/csv.',
  tag: 'pools',
  roles: operators,
  query: usageQuerySchema.extend(formatSchema.shape),
  headers: z.object({ accept: z.string().optional() }),
  answers: { 200: { description: 'The report.', schema: usageReportSchema } },
  errors: [],
  handle(services, { query: { format, ...query }, headers }) {
    const report = services.usage.report(query);
    if (format !== 'csv' && (format === 'json' || !wantsCsv(headers.accept))) return json(report);
    return new Response(toCsv(report), {
      headers: { 'content-type': csvType, 'content-disposition': `attachment; filename="${csvName(report)}"` },
    });
  },
});
