/** Who is behind a request, once its token was checked. Operators of the app's own window are admins by name. */
export interface Caller {
  tokenId: string;
  name: string;
  role: 'agent' | 'operator' | 'admin';
  /** Pools an agent may acquire from; empty: all. */
  pools: readonly string[];
}
