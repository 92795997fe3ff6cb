// The rules of this host's packet filter that may drop the new connections of some services, or mark them for another one: which balanced packets
// do not meet, or for whose sake new connections pass the packet filter first.
import { FIREWALL_TABLE } from '../../datapath/ebpf/load/firewall-table.js';
import { withoutPair } from '../../datapath/ebpf/load/pair.js';
import type { MarkKey } from '../../model/mark-keys.js';
import type { ServiceSpec } from '../../model/service.js';
import { isSystemError } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { readTextFile } from '../../sys/files/durable-file.js';
import { knowsNetfilter } from '../../sys/netlink/known-kinds.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { Nftables } from '../../sys/netlink/nftables.js';
import { NftFamily } from '../../wire/nftables.js';
import { decodeLink, dumpLinks } from '../../wire/rtnetlink-link.js';
import { blockedText } from '../packet-filter/aim.js';
import { droppingRulesFor, markingRulesFor } from './denials.js';
import { collectFilterChains } from './filter-chains.js';

const INTERFACES_MAX = 64;
/** Of pairs of a service and an interface; more would keep a command busy for seconds. */
const PROBES_MAX = 8192;

const LEGACY_TABLES = ['/proc/net/ip_tables_names', '/proc/net/ip6_tables_names'];

/** Of weir's own table. */
const FAMILIES: Readonly<Record<string, number>> = { ip: NftFamily.ip, ip6: NftFamily.ip6 };

/** How many tables of nf_tables has this host, but for weir's own? A kernel without it has none. */
function tablesInKernel(): number {
  if (!knowsNetfilter()) return 0;
  try {
    const own = Object.values(FAMILIES);
    return using(new Nftables(), (nft) => nft.tables()).filter(({ family, name }) => name !== FIREWALL_TABLE || !own.includes(family))
      .length;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return 0;
  }
}

export interface BypassedRules {
  /** Each as its tool writes it, with its chain: those that may drop packets, or lead them elsewhere. */
  readonly rules: readonly string[];
  /** Those that may give packets the mark of another service. */
  readonly marking: readonly string[];
  /** Rules that could not be read, or too many services or interfaces: some may be for a service. */
  readonly unknown?: string;
}

export interface BypassedOptions {
  /** The first one found is enough. */
  readonly first?: boolean;
  /** The services of firewall marks; asked for where the host has rules. */
  readonly marks?: () => readonly MarkKey[];
}

/** `servicesOf`: asked for where the host has rules. @throws SystemError */
export function bypassedRules(
  servicesOf: () => readonly ServiceSpec[],
  { first = false, marks = () => [] }: BypassedOptions = {},
): BypassedRules {
  // Asked before the tools, since these take their time.
  const inKernel = tablesInKernel();
  const legacy = LEGACY_TABLES.some((path) => (readTextFile(path) ?? '') !== '');
  const services = inKernel === 0 && !legacy ? [] : servicesOf();
  if (services.length === 0) return { rules: [], marking: [] };
  const { chains, notExamined, absent } = collectFilterChains();
  const links = using(new Netlink(), (netlink) => netlink.dump(dumpLinks(), decodeLink, 'list the interfaces'));
  const all = withoutPair(links);
  const names = all.slice(0, INTERFACES_MAX);
  const [found, marking] = [new Set<string>(), new Set<string>()];
  const marked = marks();
  const probed = services.slice(0, Math.ceil(PROBES_MAX / Math.max(names.length, 1)));
  for (const service of probed) {
    for (const { name } of names) {
      for (const by of droppingRulesFor(service, name, chains)) found.add(blockedText(by));
      for (const by of markingRulesFor(service, name, chains, marked)) marking.add(blockedText(by));
    }
    if (first && found.size + marking.size > 0) break;
  }
  const missing = [...(inKernel > 0 && absent.has('nft') ? ['nft'] : []), ...(legacy && absent.has('iptables') ? ['iptables'] : [])];
  const unknown =
    notExamined[0]?.what ??
    (missing.length > 0 ? `this host has rules, but no ${missing.join(' and no ')} to read them` : undefined) ??
    (probed.length < services.length ? `only ${probed.length} services were looked at` : undefined) ??
    (names.length < all.length ? `only ${names.length} interfaces were looked at` : undefined);
  return { rules: [...found], marking: [...marking], ...(unknown === undefined ? {} : { unknown }) };
}
