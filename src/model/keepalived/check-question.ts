// What a health check asks, where and when: checks that are alike in it can share their attempts.
import { asksPages, type Checker, type RealServer, type VirtualServer } from './virtual-server.js';

/** As a text. Only lines and what counts before the first verdict may differ. undefined: it makes no attempts. */
export function questionOf({ check, target, timing }: Checker, real: RealServer, server: VirtualServer): string | undefined {
  if (check.kind === 'file' || check.kind === 'bfd') return undefined;
  const { address = real.address, port = real.port } = target;
  const others = { ...target, address: undefined, port: undefined };
  const hosts = asksPages(check) ? [real.virtualHost, server.virtualHost] : [];
  return JSON.stringify([check, address, port, others, { ...timing, alpha: false, logAllFailures: false }, hosts]);
}
