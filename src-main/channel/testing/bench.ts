import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Caller } from '../../base/caller';
import { systemClock } from '../../base/clock';
import { countingIds } from '../../base/ids';
import { silentLogger } from '../../base/logger';
import { createChannel, type Channel, type ChannelDeps } from '../index';
import { checkpointsDouble } from './checkpoints';
import { brokerDouble, makeSession } from './broker';
import { attentionDouble, controlDouble } from './control';
import { guestDouble, type GuestDouble } from './guest';
import { hubsDouble } from './screen';
import { timelineDouble } from './timeline';

/** An agent's token of this name. */
const caller = (name: string): Caller => ({ tokenId: `t_${name}`, name, role: 'agent', pools: [] });

/** A channel over doubles, on a bare HTTP server: the token is the bearer's text, and every token is an agent's. */
export async function startBench(more: Partial<ChannelDeps> = {}) {
  const guests = new Map<string, GuestDouble>();
  const guestOf = (sessionId: string) => {
    const guest = guests.get(sessionId) ?? guestDouble(`m_${sessionId}`);
    guests.set(sessionId, guest);
    return guest;
  };
  const doubles = {
    broker: brokerDouble(guestOf),
    control: controlDouble(),
    hubs: hubsDouble(),
    timeline: timelineDouble(),
    attention: attentionDouble(),
    checkpoints: checkpointsDouble(),
  };
  const toolCalls: { tokenId: string; tool: string; client: string | null }[] = [];
  const deps: ChannelDeps = {
    ...doubles,
    clock: systemClock,
    ids: countingIds(),
    logger: silentLogger,
    onToolCall: (who, tool, client) => void toolCalls.push({ tokenId: who.tokenId, tool, client }),
    ...more,
  };
  const channel: Channel = createChannel(deps);
  const listener = getRequestListener(async (request) => {
    const who = caller(request.headers.get('authorization')?.replace('Bearer ', '') ?? 'nobody');
    const path = new URL(request.url).pathname;
    const computerId = /^\/computers\/([^/]+)\/mcp$/.exec(path)?.[1];
    if (!computerId) return channel.handleRoot(request, who);
    return channel.handleComputer(request, { session: doubles.broker.sessions.byComputer(computerId), caller: who });
  });
  const server: Server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...doubles,
    channel,
    guestOf,
    toolCalls,
    url,
    /** A live session of this token, and its address. */
    session(sessionId: string, name: string) {
      const session = doubles.broker.add(makeSession(sessionId, name));
      doubles.hubs.of(sessionId);
      return { session, address: `${url}/computers/${session.computerId}/mcp` };
    },
    async stop() {
      await channel.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type Bench = Awaited<ReturnType<typeof startBench>>;
