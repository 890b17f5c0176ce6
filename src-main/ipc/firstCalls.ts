import type { TokenProgress } from '@shared/ipc';
import { iso, type Clock } from '../base/clock';
import type { TokenUse } from '../wheelhouse';

/** How many tokens are remembered; the light is of interest for the newest only. */
const remembered = 50;

/**
 * The first-call light of "Connect an agent": how far each token got. Reaching the broker without being let in can't
 * be told apart from other strangers, so `reached` is lit together with `accepted`.
 */
export class FirstCalls {
  private readonly progress = new Map<string, TokenProgress>();

  constructor(
    private readonly clock: Clock,
    private readonly announce: (progress: TokenProgress) => void,
  ) {}

  get(tokenId: string): TokenProgress {
    return (
      this.progress.get(tokenId) ?? {
        tokenId,
        reachedAt: null,
        acceptedAt: null,
        firstToolAt: null,
        firstTool: null,
        client: null,
      }
    );
  }

  used(use: TokenUse): void {
    const before = this.get(use.tokenId);
    const at = iso(this.clock.now());
    const next = { ...before, reachedAt: before.reachedAt ?? at, acceptedAt: before.acceptedAt ?? at };
    if (use.kind === 'tool' && before.firstToolAt === null) {
      next.firstToolAt = at;
      next.firstTool = use.tool;
      next.client = use.client;
    }
    if (before.acceptedAt !== null && next.firstToolAt === before.firstToolAt) return;
    this.progress.set(use.tokenId, next);
    if (this.progress.size > remembered) this.forget(this.progress.keys().next().value);
    this.announce(next);
  }

  forget(tokenId: string | undefined): void {
    if (tokenId !== undefined) this.progress.delete(tokenId);
  }
}
