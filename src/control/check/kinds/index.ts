// The kinds of checks that are made by attempts. A new one is a file with its rules, and a row.
import type { CheckKind } from '../../../model/keepalived/virtual-server.js';
import { dnsRules } from './dns.js';
import { httpRules } from './http.js';
import { miscRules } from './misc.js';
import { pingRules } from './ping.js';
import type { KindRules } from './rules.js';
import { smtpRules } from './smtp.js';
import { tcpRules } from './tcp.js';
import { udpRules } from './udp.js';

/** FILE_CHECK and BFD_CHECK are made by reports of others (tracked.ts). */
export type AttemptedKind = Exclude<CheckKind['kind'], 'file' | 'bfd'>;

const KINDS: Readonly<Record<AttemptedKind, KindRules>> = {
  tcp: tcpRules,
  http: httpRules,
  ssl: httpRules,
  smtp: smtpRules,
  dns: dnsRules,
  misc: miscRules,
  udp: udpRules,
  ping: pingRules,
};

export const isAttempted = (kind: CheckKind['kind']): kind is AttemptedKind => kind !== 'file' && kind !== 'bfd';

/** @throws Error for a kind that makes no attempts */
export function kindRules(kind: CheckKind['kind']): KindRules {
  if (!isAttempted(kind)) throw new Error(`${kind} makes no attempts`);
  return KINDS[kind];
}
