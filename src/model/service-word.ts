// A virtual service as one word: tcp:192.0.2.1:80, udp:[2001:db8::1]:53, mark:5, mark6:5.
import { endpointText, parseEndpoint } from './endpoint-text.js';
import type { Protocol, ServiceKey } from './service.js';

const MARK_MAX = 0xffff_ffff;

export function serviceWord(key: ServiceKey): string {
  if (key.kind === 'fwmark') return `${key.family === 'inet' ? 'mark' : 'mark6'}:${key.mark}`;
  return `${key.protocol}:${endpointText(key)}`;
}

/** Undefined: it is none. */
export function parseServiceWord(text: string): ServiceKey | undefined {
  const [, kind = '', rest = ''] = /^(tcp|udp|sctp|mark|mark6):(.+)$/.exec(text) ?? [];
  if (kind === '') return undefined;
  if (kind.startsWith('mark')) {
    const mark = /^\d{1,10}$/.test(rest) ? Number(rest) : 0;
    return mark >= 1 && mark <= MARK_MAX ? { kind: 'fwmark', family: kind === 'mark' ? 'inet' : 'inet6', mark } : undefined;
  }
  const endpoint = parseEndpoint(rest);
  return endpoint && { kind: 'address', protocol: kind as Protocol, ...endpoint };
}
