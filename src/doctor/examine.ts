// One examination of this host: which role it has, its facts, its findings.
import type { TableReader } from '../datapath/director.js';
import type { Address } from '../model/address.js';
import { type Finding, sortedFindings } from '../model/finding.js';
import { using } from '../sys/fd.js';
import { Netlink } from '../sys/netlink/netlink.js';
import { collectDatapath } from './collect/datapath.js';
import { collectDirector } from './collect/director.js';
import { collectHost } from './collect/host.js';
import { collectRealServer, vipsOnLoopback } from './collect/real-server.js';
import { collectVrrp } from './collect/vrrp.js';
import { diagnose } from './diagnose.js';
import type { Facts, HostFacts, ServerMethod, ServiceFact } from './facts.js';
import { vrrpRule } from './rules/vrrp/vrrp.js';
import type { VrrpFacts } from './vrrp-facts.js';

export interface Wish {
  /** Absent: director where the table has services, else real server where lo has a VIP. */
  readonly role?: 'director' | 'rs' | 'vrrp';
  readonly method?: ServerMethod;
  readonly vips?: readonly Address[];
  readonly dip?: Address;
  /** keepalived.conf; absent: that of the daemon that runs here, or the host's own. */
  readonly keepalived?: string;
  /** How long a connect to a real server may take, and how long adverts are listened for. */
  readonly waitMs: number;
}

export type Examination =
  | { readonly kind: 'examined'; readonly facts: Facts; readonly findings: readonly Finding[] }
  /** Nothing tells what this host is. */
  | { readonly kind: 'no-role' };

/** `open`: the director of this namespace, or undefined where the datapath is not loaded. */
export type OpenDirector = () => TableReader | undefined;

function servicesOf(open: OpenDirector): readonly ServiceFact[] {
  const director = open();
  return director === undefined
    ? []
    : using(director, (one) =>
        one.services().map(({ spec, destinations }) => ({ spec, destinations: destinations.map((entry) => entry.spec) })),
      );
}

/** What was found about a host, and what was found about its VRRP. */
function examined(facts: Facts, vrrp: VrrpFacts | undefined): Examination {
  const blind = (vrrp?.blind ?? []).map((spot): Finding => ({ severity: 'info', code: 'not-looked-at', ...spot }));
  const found = vrrp === undefined ? [] : vrrpRule(facts, vrrp);
  return { kind: 'examined', facts, findings: sortedFindings([...found, ...diagnose(facts), ...blind]) };
}

function asRealServer(host: HostFacts, wish: Wish, vrrp: VrrpFacts | undefined): Examination {
  const vips = wish.vips ?? vipsOnLoopback(host);
  // Without a VIP, only a server that names its director can be one behind VS/NAT.
  const method = wish.method ?? (vips.length === 0 && wish.dip !== undefined ? 'nat' : 'dr');
  const facts = collectRealServer(host, { method, vips, ...(wish.dip === undefined ? {} : { dip: wish.dip }) });
  return examined(facts, vrrp);
}

/** @throws SystemError, or what opening the director throws */
export async function examine(wish: Wish, open: OpenDirector): Promise<Examination> {
  const netlink = new Netlink();
  try {
    const host = collectHost(netlink);
    const vrrp = collectVrrp(netlink, host, wish.waitMs, wish.keepalived);
    if (wish.role === 'rs') return asRealServer(host, wish, vrrp);
    if (wish.role === 'vrrp') return vrrp === undefined ? { kind: 'no-role' } : examined({ ...host, role: 'vrrp' }, vrrp);
    const datapath = collectDatapath(host.links); // before the director is opened, which attaches what is missing
    const services = datapath.loaded ? servicesOf(open) : [];
    if (wish.role === undefined && services.length === 0) {
      if (vipsOnLoopback(host).length > 0) return asRealServer(host, wish, vrrp);
      return vrrp === undefined ? { kind: 'no-role' } : examined({ ...host, role: 'vrrp' }, vrrp);
    }
    const facts = await collectDirector(netlink, { host, datapath, services }, wish.waitMs);
    return examined(facts, vrrp);
  } finally {
    netlink.close();
  }
}
