// The listening sockets of this network namespace (man 5 proc, /proc/net/tcp).
import { readFileSync } from 'node:fs';
import { type Family, isUnspecified } from '../../model/address.js';
import { unlessCode } from '../../sys/errno.js';
import type { ListenerFact } from '../vrrp-facts.js';

/** TCP_LISTEN; a datagram socket without a peer is in TCP_CLOSE. */
const STATES = { tcp: '0A', udp: '07' } as const;

/** The kernel prints each 32-bit word in host byte order, here little-endian. */
function wordOf(hex: string): number {
  return Number.parseInt((hex.match(/../g) ?? []).reverse().join(''), 16);
}

/** `text`: the content of /proc/net/tcp, tcp6, udp or udp6. */
export function listenersIn(text: string, protocol: 'tcp' | 'udp', family: Family): readonly ListenerFact[] {
  return text.split('\n').flatMap((line): ListenerFact[] => {
    const [, hex, port, state] = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /.exec(line) ?? [];
    if (hex === undefined || port === undefined || state !== STATES[protocol]) return [];
    const words = (hex.match(/.{8}/g) ?? []).map(wordOf);
    return [{ protocol, address: { family, words }, port: Number.parseInt(port, 16) }];
  });
}

/** Those of one local address. */
export const collectListeners = (): readonly ListenerFact[] =>
  (['tcp', 'udp'] as const).flatMap((protocol) =>
    (['inet', 'inet6'] as const).flatMap((family) => {
      const path = `/proc/self/net/${protocol}${family === 'inet' ? '' : '6'}`;
      const text = unlessCode(() => readFileSync(path, 'utf8'), ['ENOENT'], '');
      return listenersIn(text, protocol, family).filter(({ address }) => !isUnspecified(address));
    }),
  );
