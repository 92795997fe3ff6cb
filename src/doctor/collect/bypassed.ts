// The rules of this host's packet filter that balanced packets of some services do not meet, for a line of ipvsadm.
import { readFileSync } from 'node:fs';
import { withoutPair } from '../../datapath/ebpf/load/pair.js';
import type { ServiceSpec } from '../../model/service.js';
import { isSystemError } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { Nftables } from '../../sys/netlink/nftables.js';
import { decodeLink, dumpLinks } from '../../wire/rtnetlink-link.js';
import { placeOf } from '../packet-filter/aim.js';
import { droppingRulesFor } from './denials.js';
import { collectFilterChains } from './filter-chains.js';

const [INTERFACES_MAX, SERVICES_MAX] = [16, 64];

/** Has this host any table of a packet filter? Asked first, since the tools take their time. */
function hasPacketFilter(): boolean {
  for (const path of ['/proc/net/ip_tables_names', '/proc/net/ip6_tables_names']) {
    try {
      if (readFileSync(path, 'utf8') !== '') return true;
    } catch {
      // Without the module there are no such tables.
    }
  }
  try {
    return using(new Nftables(), (nft) => nft.hasTables());
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return false;
  }
}

/** Each as its tool writes it, with its chain. @throws SystemError */
export function bypassedRules(services: readonly ServiceSpec[]): readonly string[] {
  if (services.length === 0 || !hasPacketFilter()) return [];
  const links = using(new Netlink(), (netlink) => netlink.dump(dumpLinks(), decodeLink, 'list the interfaces'));
  const { chains } = collectFilterChains();
  const names = withoutPair(links).slice(0, INTERFACES_MAX);
  const found = services
    .slice(0, SERVICES_MAX)
    .flatMap((service) => names.flatMap(({ name }) => droppingRulesFor(service, name, chains)))
    .map((by) => `"${by.text}" (${by.tool}, ${placeOf({ ...by, name: by.chain })})`);
  return [...new Set(found)];
}
