import type { LinkArgs, LinkCallName, LinkResult } from '@shared/link';
import { CallClient, type CallOptions } from '../../src-guest/callClient';
import { WheelhouseError } from '../base/errors';
import type { OpenedLink } from './openLink';

/** One proven connection for calls, with its errors in the broker's words. */
export class CallConnection {
  private readonly client: CallClient;

  constructor(
    private readonly link: OpenedLink,
    machineId: string,
    onClosed: (reason: string) => void,
  ) {
    this.client = new CallClient(link.framed, (code, message) => new WheelhouseError(code, message, { machineId }));
    link.onClosed((reason) => {
      this.client.end(reason);
      onClosed(reason);
    });
    link.framed.socket.resume();
  }

  get bootId(): string {
    return this.link.bootId;
  }
  call<N extends LinkCallName>(name: N, args: LinkArgs<N>, options: CallOptions): Promise<LinkResult<N>> {
    return this.client.call(name, args, options);
  }
  close(): void {
    this.link.framed.fail('closed');
  }
}
