/**
 * The page's content security policy. Everything comes from our own scheme; the one way out is the screen's WebSocket
 * on the broker's loopback port. `data:` pictures are noVNC's cursor and JPEG tiles.
 */
export function contentSecurityPolicy(options: { brokerPort: number | null; dev: boolean }): string {
  const sockets = options.brokerPort === null ? '' : ` ws://127.0.0.1:${options.brokerPort}`;
  const devSockets = options.dev ? ' ws://localhost:* http://localhost:*' : '';
  const inline = options.dev ? " 'unsafe-inline'" : '';
  return [
    "default-src 'none'",
    `script-src 'self'${inline}`,
    `style-src 'self'${inline}`,
    // React and noVNC set styles through the object model, which no policy restricts; attributes in markup stay refused.
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self'${sockets}${devSockets}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-src 'none'",
    "frame-ancestors 'none'",
    "worker-src 'none'",
  ].join('; ');
}
