import { open } from 'node:fs/promises';
import { z } from 'zod';
import { hashSchema } from '@shared/ids';
import { WheelhouseError } from '../../base/errors';
import { defineRoute, everyone } from '../route';

export const getFrame = defineRoute({
  method: 'GET',
  path: '/api/frames/{hash}',
  id: 'getFrame',
  summary: 'A picture of the timeline. Agents: those of their own sessions.',
  tag: 'record',
  roles: everyone,
  params: z.object({ hash: hashSchema }),
  answers: { 200: { description: 'The picture.', contentType: 'image/png' } },
  errors: ['not_found'],
  async handle(services, { caller, params }) {
    const unknown = () => new WheelhouseError('not_found', 'There is no such frame.');
    if (caller.role === 'agent' && !services.ownsFrame(caller, params.hash)) throw unknown();
    const file = await open(services.timeline.frames.path(params.hash)).catch(() => {
      throw unknown();
    });
    const { size } = await file.stat();
    const stream = file.readableWebStream() as ReadableStream<Uint8Array>;
    return new Response(
      closingAfter(stream, () => void file.close()),
      {
        headers: {
          'content-type': 'image/png',
          'content-length': String(size),
          // Named by its content, so it never changes.
          'cache-control': 'private, max-age=31536000, immutable',
        },
      },
    );
  },
});

/** Node leaves the file open when a web stream over it ends or is cancelled. */
function closingAfter(stream: ReadableStream<Uint8Array>, close: () => void): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(new Uint8Array(value));
      controller.close();
      close();
    },
    async cancel(reason) {
      await reader.cancel(reason);
      close();
    },
  });
}
