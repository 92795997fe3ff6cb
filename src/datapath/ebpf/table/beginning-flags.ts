// Who looks at the packets of a service before they begin connections, as its flags have it: the host's packet filter (firewall.ts), and of an exact
// service the wide build, in whose table they may have connections of all ports, of a mark or of FTP's data (bpf/director/asks-wide.h).
import { existsSync } from 'node:fs';
import { serviceFamily } from '../../../model/identity.js';
import type { ServiceKey } from '../../../model/service.js';
import { Abi } from '../abi.gen.js';
import { WideAbi } from '../wide.gen.js';
import { isOfSctp, isWide } from './identity.js';
import { changeServiceFlags, readServiceWord } from './service-word.js';
import { type Tables, WIDE_PINS, WIDE_SCTP_PINS, WIDE_SCTP6_PINS, WIDE6_PINS } from './tables.js';

const WIDE = { inet: [WIDE_PINS, WIDE_SCTP_PINS], inet6: [WIDE6_PINS, WIDE_SCTP6_PINS] } as const;

const hasWideBuild = (folder: string, key: ServiceKey): boolean =>
  existsSync(`${folder}/${WIDE[serviceFamily(key)][isOfSctp(key) ? 1 : 0].housekeeping}`);

/**
 * These flags of a service that is added or edited. Where there is a wide build, it is asked from now on, and record 0 has that, too: the build's timer
 * takes both away within seconds if there is no such connection.
 */
export function beginningFlags({ services, folder }: Tables, id: number, key: ServiceKey): number {
  const firewall = readServiceWord(services, id).flags & Abi.SVC_FIREWALL;
  if (isWide(key) || !hasWideBuild(folder, key)) return firewall;
  changeServiceFlags(services, 0, (flags) => flags | WideAbi.SVC_ASKS_WIDE);
  return firewall | WideAbi.SVC_ASKS_WIDE;
}
