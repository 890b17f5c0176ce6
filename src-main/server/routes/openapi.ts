import { json } from '../reply';
import { defineRoute, everyone, type Route } from '../route';

export const openapi = (describe: () => unknown): Route =>
  defineRoute({
    method: 'GET',
    path: '/openapi.json',
    id: 'openapi',
    summary: 'This description.',
    tag: 'system',
    roles: everyone,
    answers: { 200: { description: 'OpenAPI 3.1.' } },
    errors: [],
    handle: () => json(describe()),
  });
