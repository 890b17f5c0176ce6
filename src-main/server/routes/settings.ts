import { settingsPatchSchema, settingsSchema } from '@shared/settings';
import { json } from '../reply';
import { admins, defineRoute, operators, type Route } from '../route';

const path = '/api/settings';

export const settingsRoutes: Route[] = [
  defineRoute({
    method: 'GET',
    path,
    id: 'getSettings',
    summary: 'What is kept across starts: what becomes of machines at a stop.',
    tag: 'system',
    roles: operators,
    answers: { 200: { description: 'All of them.', schema: settingsSchema } },
    errors: [],
    handle: ({ settings }) => json(settings.get()),
  }),
  defineRoute({
    method: 'PATCH',
    path,
    id: 'changeSettings',
    summary: 'Changes them; what is not named stays, null is the default.',
    tag: 'system',
    roles: admins,
    body: settingsPatchSchema,
    answers: { 200: { description: 'All of them.', schema: settingsSchema } },
    errors: [],
    handle: ({ settings }, { body }) => json(settings.change(body)),
  }),
];
