/** Bounds of the HTTP server. Times in milliseconds, sizes in bytes. Tests pass smaller ones. */
export interface ServerLimits {
  /** One MCP message: Windows 365's own limit. */
  mcpBodyBytes: number;
  bodyBytes: number;
  /** Nesting of JSON, so that a small body cannot exhaust the stack of a parser or a validator. */
  jsonDepth: number;
  /** A sender must finish its headers, and then its whole request, within these. */
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  /** How often node looks for senders that are late. */
  connectionsCheckMs: number;
  keepAliveMs: number;
  maxConnections: number;
  /** Live viewers of all screens. */
  maxScreens: number;
  /** Token bucket of one caller: generous, since an agent's calls are short and many. */
  rateBurst: number;
  ratePerSecond: number;
  maxEventStreams: number;
  maxEventStreamsOfCaller: number;
  eventRing: number;
  heartbeatMs: number;
  /** A reader that took nothing for this long is dropped. */
  stalledReaderMs: number;
}

export const defaultLimits: ServerLimits = {
  mcpBodyBytes: 4 * 1024 * 1024,
  bodyBytes: 256 * 1024,
  jsonDepth: 64,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  connectionsCheckMs: 2_000,
  keepAliveMs: 65_000,
  maxConnections: 1024,
  maxScreens: 128,
  rateBurst: 4_000,
  ratePerSecond: 1_000,
  maxEventStreams: 128,
  maxEventStreamsOfCaller: 16,
  eventRing: 2_000,
  heartbeatMs: 15_000,
  stalledReaderMs: 60_000,
};
