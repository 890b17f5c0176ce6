import { z } from 'zod';
import { homeSchema, type Home } from '@shared/home';
import { idSchema } from '@shared/ids';
import { listQuerySchema } from '@shared/session';
import type { Caller } from '../../base/caller';
import { WheelhouseError } from '../../base/errors';
import { downloadOf } from '../download';
import { pageOf, pageSchema } from '../page';
import { json, noContent } from '../reply';
import { defineRoute, everyone, type Route } from '../route';
import type { Services } from '../services';

const params = z.object({ id: idSchema });
const path = '/api/homes';

/** Another agent's home answers as an unknown one does. */
function homeFor({ broker }: Services, caller: Caller, homeId: string): Home {
  const home = broker.homes.get(homeId);
  if (caller.role === 'agent' && home.caller !== caller.name) {
    // To the last field: what the broker says of one that it does not know.
    throw new WheelhouseError('not_found', 'There is no such home.', { homeId });
  }
  return home;
}

const listHomes = defineRoute({
  method: 'GET',
  path,
  id: 'listHomes',
  summary: 'Homes that outlive machines; agents see their own.',
  tag: 'homes',
  roles: everyone,
  query: listQuerySchema.and(z.object({ pool: idSchema.optional(), caller: z.string().max(60).optional() })),
  answers: { 200: { description: 'A page of homes.', schema: pageSchema(homeSchema) } },
  errors: [],
  handle({ broker }, { caller, query }) {
    const own = caller.role === 'agent' ? caller.name : query.caller;
    const homes = broker.homes.list({ poolId: query.pool, caller: own });
    const asked = homes.filter((home) => home.caller === (query.caller ?? home.caller));
    return json(pageOf(asked, (home) => home.homeId, query));
  },
});

const getHome = defineRoute({
  method: 'GET',
  path: `${path}/{id}`,
  id: 'getHome',
  summary: 'One home: whose it is, its size and quota, and when it goes.',
  tag: 'homes',
  roles: everyone,
  params,
  answers: { 200: { description: 'The home.', schema: homeSchema } },
  errors: ['not_found'],
  handle: (services, { caller, params: { id } }) => json(homeFor(services, caller, id)),
});

const deleteHome = defineRoute({
  method: 'DELETE',
  path: `${path}/{id}`,
  id: 'deleteHome',
  summary: 'Deletes a home and everything in it; conflict while a session has it, a suspended one too.',
  tag: 'homes',
  roles: everyone,
  params,
  answers: { 204: { description: 'Gone.' } },
  errors: ['not_found', 'conflict', 'backend_unreachable'],
  async handle(services, { caller, params: { id } }) {
    homeFor(services, caller, id);
    await services.broker.homes.remove(id, caller.name);
    return noContent();
  },
});

/** A private hold shows others nothing of the machine: neither does the home that it writes to. control_held. */
function refusePrivate({ broker, control }: Services, caller: Caller, homeId: string): void {
  const { sessionId } = broker.homes.get(homeId);
  if (sessionId === null) return;
  const state = control.state(sessionId);
  const own = caller.role !== 'agent' && state.holder === caller.name;
  if (!state.private || state.kind === 'agent' || own) return;
  throw new WheelhouseError('control_held', 'Its desktop is private while a person holds control.', {
    holder: state.holder,
    since: state.since,
    private: true,
  });
}

const types = { tar: 'application/x-tar', qcow2: 'application/octet-stream' } as const;
const atOnce = 8;
/** Of one agent's token: a slow reader holds its place for as long as it likes. */
const atOnceOfAgent = 2;

function readHome(): Route {
  const open: Caller[] = [];
  return defineRoute({
    method: 'GET',
    path: `${path}/{id}/content`,
    id: 'readHome',
    summary: 'All of a home, as a file: a tar of its files, or its disk as qcow2 (on QEMU).',
    tag: 'homes',
    roles: everyone,
    params,
    answers: { 200: { description: 'The file; its length where it is known.', contentType: types.tar } },
    errors: ['not_found', 'conflict', 'control_held', 'too_many', 'guest_failed', 'backend_unreachable'],
    async handle(services, { caller, params: { id }, signal, limits, outgoing, requestId }) {
      homeFor(services, caller, id);
      refusePrivate(services, caller, id);
      const own = caller.role === 'agent' ? open.filter((one) => one.tokenId === caller.tokenId).length : 0;
      if (open.length >= atOnce || own >= atOnceOfAgent)
        throw new WheelhouseError('too_many', 'Too many homes are being downloaded.');
      open.push(caller);
      const refused = new AbortController();
      const off = services.control.onChange(() => {
        try {
          refusePrivate(services, caller, id);
        } catch (error) {
          refused.abort(error);
        }
      });
      const ended = (): void => {
        const at = open.indexOf(caller);
        if (at >= 0) open.splice(at, 1);
        off();
      };
      try {
        const either = AbortSignal.any([signal, refused.signal]);
        const { format, bytes, stream } = await services.broker.homes.read(id, either);
        // A hold that begins while it is read ends it.
        const shut = (): void => void stream.destroy(refused.signal.reason as Error);
        if (refused.signal.aborted) shut();
        else refused.signal.addEventListener('abort', shut, { once: true });
        services.logger.info({ requestId, homeId: id, by: caller.name }, 'a home is being downloaded');
        const cut = (): void => void outgoing.destroy();
        const broke = (err: unknown): void =>
          services.logger.warn({ requestId, homeId: id, err }, 'the download of a home broke off');
        const stalledMs = limits.stalledReaderMs;
        const body = downloadOf(stream, { clock: services.clock, stalledMs, cut, broke, ended });
        return new Response(body, {
          headers: {
            'content-type': types[format],
            'content-disposition': `attachment; filename="${id}.${format}"`,
            ...(bytes === null ? {} : { 'content-length': String(bytes) }),
          },
        });
      } catch (error) {
        ended();
        throw error;
      }
    },
  });
}

export const homeRoutes = (): Route[] => [listHomes, getHome, deleteHome, readHome()];
