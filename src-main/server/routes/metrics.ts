import { defineRoute, operators } from '../route';

export const getMetrics = defineRoute({
  method: 'GET',
  path: '/metrics',
  id: 'getMetrics',
  summary: 'What runs, for Prometheus.',
  tag: 'system',
  roles: operators,
  answers: { 200: { description: 'Text format 0.0.4.', contentType: 'text/plain' } },
  errors: [],
  handle: ({ metrics }) => new Response(metrics.text(), { headers: { 'content-type': metrics.contentType } }),
});
