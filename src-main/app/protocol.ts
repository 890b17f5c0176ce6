import { readFile } from 'node:fs/promises';
import { net, protocol } from 'electron';
import type { Logger } from '../base/logger';
import { resolveAsset } from './assets';
import { contentSecurityPolicy } from './csp';

/** The pictures that the page may ask for; null or a throw is a 404. */
export interface Pictures {
  frame(
    hash: string,
    crop: { x: number; y: number; width: number; height: number; scale: number } | null,
  ): Promise<Buffer>;
  thumbnail(sessionId: string): Promise<Buffer | null>;
}

/** Must run before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

export function serveScheme(options: {
  root: string;
  pictures: () => Pictures | null;
  brokerPort: () => number | null;
  devServer: string | null;
  logger: Logger;
}): void {
  const missing = () => new Response('Not found', { status: 404, headers: { 'content-type': 'text/plain' } });
  const body = (data: Buffer, type: string, cache: string) =>
    new Response(new Uint8Array(data), {
      headers: { 'content-type': type, 'cache-control': cache, 'x-content-type-options': 'nosniff' },
    });

  protocol.handle('app', async (request) => {
    const asset = resolveAsset(request.url, options.root);
    try {
      switch (asset.kind) {
        case 'frame': {
          const data = await options.pictures()?.frame(asset.hash, asset.crop);
          return data ? body(data, 'image/png', 'private, max-age=86400, immutable') : missing();
        }
        case 'thumbnail': {
          const data = await options.pictures()?.thumbnail(asset.sessionId);
          return data ? body(data, 'image/jpeg', 'no-store') : missing();
        }
        case 'file':
        case 'missing': {
          const policy = {
            'content-security-policy': contentSecurityPolicy({
              brokerPort: options.brokerPort(),
              dev: options.devServer !== null,
            }),
          };
          if (options.devServer) {
            const url = new URL(request.url);
            const answer = await net.fetch(new URL(url.pathname + url.search, options.devServer).href);
            return new Response(answer.body, {
              status: answer.status,
              headers: { ...Object.fromEntries(answer.headers), ...policy },
            });
          }
          if (asset.kind === 'missing') return missing();
          const answer = body(await readFile(asset.path), asset.type, 'no-cache');
          for (const [name, value] of Object.entries(policy)) answer.headers.set(name, value);
          return answer;
        }
      }
    } catch (error) {
      options.logger.debug({ err: error, kind: asset.kind }, 'an asset could not be served');
      return missing();
    }
  });
}
