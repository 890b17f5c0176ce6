import { z } from 'zod';
import { errorBodySchema, errorStatus, type ErrorCode } from '@shared/errors';
import type { Route } from './route';

type Json = Record<string, unknown>;

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  return rest as Json;
};

const media = (type: string, schema: Json): Json => ({ [type]: { schema } });

/** Codes that every route with a token can answer. */
const common: ErrorCode[] = ['unauthorized', 'host_refused', 'origin_refused', 'too_many', 'internal'];

/** The description of exactly what is routed, from the schemas that run. OpenAPI 3.1, whose schemas are JSON Schema. */
export function describeApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Wheelhouse',
      version,
      description:
        'Desktops for agents, with people at the wheel. Every path takes an optional api-version query, which is not read. GET /api/sessions/{id}/screen?ticket=… is a WebSocket (subprotocol binary) that speaks RFB.',
    },
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: schemaOf(errorBodySchema, 'output') },
    },
  };
}

function operation(route: Route): Json {
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [route.tag],
    security: route.roles === 'public' ? [] : [{ token: [] }],
    ...(route.roles === 'public' ? {} : { 'x-roles': route.roles }),
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...parameters(route.headers, 'header'),
    ],
    ...requestBody(route),
    responses: responses(route),
  };
}

/** The properties of an object schema, also of one that is an intersection or has checks on top. */
function parameters(schema: z.ZodType | undefined, where: 'path' | 'query' | 'header'): Json[] {
  if (!schema) return [];
  const described = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
    allOf?: Json[];
  };
  const parts = [described, ...((described.allOf ?? []) as (typeof described)[])];
  return parts.flatMap((part) =>
    Object.entries(part.properties ?? {}).map(([name, property]) => ({
      name,
      in: where,
      required: where === 'path' || (part.required ?? []).includes(name),
      schema: property,
    })),
  );
}

function requestBody(route: Route): Json {
  const schema = route.body ?? (route.method === 'POST' ? route.rawBody : undefined);
  if (!schema) return {};
  const required = route.rawBody !== undefined || !schema.safeParse({}).success;
  return { requestBody: { required, content: media(route.textBody ?? 'application/json', schemaOf(schema, 'input')) } };
}

function responses(route: Route): Json {
  const answers: Record<string, Json> = {};
  for (const [status, answer] of Object.entries(route.answers)) {
    const type = answer.contentType ?? 'application/json';
    const schema = answer.schema ? schemaOf(answer.schema, 'output') : null;
    const hasBody = schema !== null || answer.contentType !== undefined;
    answers[status] = { description: answer.description, ...(hasBody ? { content: media(type, schema ?? {}) } : {}) };
  }
  const takesInput = route.params ?? route.query ?? route.headers ?? route.body;
  const bodyErrors: ErrorCode[] = route.body ? ['too_large', 'unsupported_media'] : [];
  const codes = [...route.errors, ...(takesInput ? ['bad_request' as const] : []), ...bodyErrors];
  const all = new Set(route.roles === 'public' ? codes : [...codes, ...common, 'forbidden' as const]);
  const byStatus = groupByStatus([...all]);
  for (const [status, group] of byStatus) {
    answers[status] ??= {
      description: `Refused: ${group.join(', ')}.`,
      content: media('application/json', { $ref: '#/components/schemas/Error' }),
    };
  }
  return answers;
}

function groupByStatus(codes: ErrorCode[]): Map<string, ErrorCode[]> {
  const groups = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const status = String(errorStatus[code]);
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}
