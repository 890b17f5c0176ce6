import type { IncomingHttpHeaders } from 'node:http';
import { WheelhouseError } from '../base/errors';

/**
 * Before anything else is read: is this request meant for us, and does no foreign page send it? A page on the web can
 * make a browser send requests to loopback (Origin tells), and with DNS rebinding even under its own name (Host tells).
 */
export interface GatePolicy {
  port: number;
  /** Further names under which we are reached, with port where it is not the default: "desk.example:8443". */
  allowedHosts: readonly string[];
  allowedOrigins: readonly string[];
}

const loopbackNames = ['127.0.0.1', 'localhost', '[::1]'];

/** The app's own window. */
export const appOrigin = 'app://wheelhouse';

/** Null when it may pass; host_refused or origin_refused otherwise. Pure; for requests and upgrades alike. */
export function refusal(headers: IncomingHttpHeaders, policy: GatePolicy): WheelhouseError | null {
  const host = headers.host?.toLowerCase();
  const hosts = [...loopbackNames.map((name) => `${name}:${policy.port}`), ...policy.allowedHosts];
  if (!host || !hosts.includes(host)) {
    return new WheelhouseError('host_refused', 'This server does not answer under that Host.');
  }
  const origin = headers.origin?.toLowerCase();
  if (origin === undefined) return null;
  // Same-origin only: a page served by another loopback port is somebody else's.
  const own = [appOrigin, `http://${host}`, `https://${host}`, ...policy.allowedOrigins];
  return own.includes(origin) ? null : new WheelhouseError('origin_refused', 'Requests from that Origin are refused.');
}
