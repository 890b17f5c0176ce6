import { z } from 'zod';
import { poolImportSchema, poolSchemaPath } from '@shared/poolFile';
import { poolJsonSchema, readPoolFile, writePoolFile } from '../../broker/poolFile';
import { json } from '../reply';
import { admins, defineRoute, operators } from '../route';
import { poolParams } from './pools';

const yamlType = 'application/yaml';
const yaml = (text: string, name: string): Response =>
  new Response(text, {
    headers: {
      'content-type': `${yamlType}; charset=utf-8`,
      'content-disposition': `attachment; filename="${name}.yaml"`,
    },
  });

const exportPools = defineRoute({
  method: 'GET',
  path: '/api/pools/export',
  id: 'exportPools',
  summary: 'Every pool as one YAML file.',
  tag: 'pools',
  roles: operators,
  answers: { 200: { description: 'The file.', contentType: yamlType } },
  errors: [],
  handle: ({ broker }, { baseUrl }) => yaml(writePoolFile(broker.pools.list(), baseUrl), 'pools'),
});

const exportPool = defineRoute({
  method: 'GET',
  path: '/api/pools/{id}/export',
  id: 'exportPool',
  summary: 'A pool as a YAML file.',
  tag: 'pools',
  roles: operators,
  params: poolParams,
  answers: { 200: { description: 'The file.', contentType: yamlType } },
  errors: ['not_found'],
  handle: ({ broker }, { params, baseUrl }) => yaml(writePoolFile([broker.pools.get(params.id)], baseUrl), params.id),
});

const importPools = defineRoute({
  method: 'POST',
  path: '/api/pools/import',
  id: 'importPools',
  summary: 'Makes and changes pools as a YAML file says: all or nothing; twice is as once.',
  tag: 'pools',
  roles: admins,
  query: z.object({ dryRun: z.enum(['', 'true', 'false', '1', '0']).default('false') }),
  body: z.string().describe(`A file of pools, whose schema is at ${poolSchemaPath}.`),
  textBody: yamlType,
  answers: { 200: { description: 'What was changed, or with dryRun would be.', schema: poolImportSchema } },
  errors: ['conflict', 'not_supported'],
  handle({ broker }, { query, body }) {
    const dryRun = !['false', '0'].includes(query.dryRun);
    return json(broker.pools.import(readPoolFile(body).pools, { dryRun }));
  },
});

const schemaText = JSON.stringify(poolJsonSchema());

/** Editors fetch it by the first line of a file, with no token; there is nothing of anybody's in it. */
const poolSchemaRoute = defineRoute({
  method: 'GET',
  path: poolSchemaPath,
  id: 'poolFileSchema',
  summary: 'The JSON Schema of pool files.',
  tag: 'pools',
  roles: 'public',
  answers: { 200: { description: 'The schema.', contentType: 'application/schema+json' } },
  errors: [],
  handle: () => new Response(schemaText, { headers: { 'content-type': 'application/schema+json; charset=utf-8' } }),
});

/** Before the routes of one pool, whose id could else be “export”. */
export const poolFileRoutes = [exportPools, importPools, exportPool, poolSchemaRoute];
