import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import { notReady } from './access';
import { decodeText, parseJson, readBody, requireDepth, requireJson, requireType, validated } from './body';
import type { ServerLimits } from './limits';
import { requireCaller } from './middleware/bearer';
import { createRateLimit } from './middleware/rateLimit';
import { requestIdOf } from './middleware/requestId';
import { requireRole } from './middleware/role';
import { errorResponse } from './reply';
import type { Call, Route } from './route';
import type { Services } from './services';

type Env = { Bindings: HttpBindings };
type AnyCall = Call<unknown, unknown, unknown, unknown>;

const nobody = { tokenId: '', name: '', role: 'agent', pools: [] } as const;

/** The router: for every route the same way in (token, rate, role, schemas), and one way out for errors. */
export function createApp(options: { services: Services; routes: readonly Route[]; limits: ServerLimits }): Hono<Env> {
  const { services, routes, limits } = options;
  const rate = createRateLimit({ burst: limits.rateBurst, perSecond: limits.ratePerSecond, clock: services.clock });
  const app = new Hono<Env>();

  const admitCaller = (c: Context<Env>) => {
    const caller = requireCaller(c.env.incoming, services.identity);
    rate.take(caller.tokenId);
    return caller;
  };

  const serve = async (route: Route, c: Context<Env>): Promise<Response> => {
    const { incoming, outgoing } = c.env;
    const caller = route.roles === 'public' ? nobody : admitCaller(c);
    if (route.roles !== 'public') {
      requireRole(caller, route.roles);
      // An answer about a session that is still being adopted would be a wrong one.
      if (!services.ready()) throw notReady(services);
    }
    const call: AnyCall = {
      params: route.params ? validated(route.params, c.req.param(), 'path') : undefined,
      query: route.query ? validated(route.query, c.req.query(), 'query') : undefined,
      headers: route.headers ? validated(route.headers, incoming.headers, 'headers') : undefined,
      body: await bodyOf(route, c),
      caller,
      requestId: requestIdOf(outgoing),
      baseUrl: `http://${incoming.headers.host}`,
      signal: goneSignal(c.env),
      incoming,
      outgoing,
      limits,
    };
    return route.handle(services, call as Parameters<typeof route.handle>[1]);
  };

  const bodyOf = async (route: Route, c: Context<Env>): Promise<unknown> => {
    if (route.rawBody) {
      if (route.method !== 'POST') return undefined;
      requireJson(c.env.incoming);
      const raw = await readBody(c.env.incoming, limits.mcpBodyBytes);
      requireDepth(raw, limits.jsonDepth);
      return raw;
    }
    if (!route.body) return undefined;
    if (route.textBody !== undefined) {
      requireType(c.env.incoming, route.textBody);
      return validated(route.body, decodeText(await readBody(c.env.incoming, limits.bodyBytes)), 'body');
    }
    const { headers } = c.env.incoming;
    const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
    if (empty) return validated(route.body, {}, 'body');
    requireJson(c.env.incoming);
    return validated(route.body, parseJson(await readBody(c.env.incoming, limits.bodyBytes), limits.jsonDepth), 'body');
  };

  for (const route of routes) {
    app.on(route.method, honoPath(route.path), (c) => serve(route, c));
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const allow = routes.filter((route) => route.path === path).map((route) => route.method);
    app.all(honoPath(path), (c) => {
      admitCaller(c);
      throw new WheelhouseError('method_not_allowed', `This path answers ${allow.join(', ')}.`, { allow });
    });
  }
  app.notFound((c) => {
    try {
      admitCaller(c);
      throw new WheelhouseError('not_found', 'There is nothing at this path.');
    } catch (error) {
      return errorResponse(asWheelhouseError(error), requestIdOf(c.env.outgoing));
    }
  });
  app.onError((thrown, c) => {
    const error = asWheelhouseError(thrown);
    const requestId = requestIdOf(c.env.outgoing);
    const about = { requestId, method: c.req.method, path: c.req.path, code: error.code };
    if (error.code === 'internal') services.logger.error({ ...about, err: thrown }, 'a request failed unexpectedly');
    else if (error.status >= 500) services.logger.info({ ...about, message: error.message }, 'a request failed');
    return errorResponse(error, requestId);
  });
  return app;
}

const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** Aborts when the connection closes before the answer was written to its end. */
function goneSignal({ outgoing }: HttpBindings): AbortSignal {
  const controller = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort(new WheelhouseError('timeout', 'The caller went away.'));
  });
  return controller.signal;
}
