// The kinds of checks that are made by attempts. A new one is a file, and a row.
import type { CheckKind } from '../../../model/keepalived/virtual-server.js';
import { dns } from './dns.js';
import { http } from './http.js';
import { misc } from './misc.js';
import { ping } from './ping.js';
import type { Kind } from './rules.js';
import { smtp } from './smtp.js';
import { tcp } from './tcp.js';
import { udp } from './udp.js';
import { vip } from './vip.js';

/** FILE_CHECK and BFD_CHECK are made by reports of others (tracked.ts). */
export type AttemptedKind = Exclude<CheckKind['kind'], 'file' | 'bfd'>;

const KINDS: Readonly<Record<AttemptedKind, Kind>> = { tcp, http, ssl: http, smtp, dns, misc, udp, ping, vip };

export const isAttempted = (kind: CheckKind['kind']): kind is AttemptedKind => kind !== 'file' && kind !== 'bfd';

/** @throws Error for a kind that makes no attempts */
export function kindOf(kind: CheckKind['kind']): Kind {
  if (!isAttempted(kind)) throw new Error(`${kind} makes no attempts`);
  return KINDS[kind];
}
