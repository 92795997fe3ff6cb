// One examination of this host: which role it has, its facts, its findings.
import type { Director } from '../datapath/director.js';
import type { Address } from '../model/address.js';
import { using } from '../sys/fd.js';
import { Netlink } from '../sys/netlink.js';
import { collectDatapath } from './collect/datapath.js';
import { collectDirector } from './collect/director.js';
import { collectHost } from './collect/host.js';
import { collectRealServer, vipsOnLoopback } from './collect/real-server.js';
import { diagnose } from './diagnose.js';
import type { Facts, HostFacts, ServerMethod, ServiceFact } from './facts.js';
import type { Finding } from './finding.js';

export interface Wish {
  /** Absent: director where the table has services, else real server where lo has a VIP. */
  readonly role?: 'director' | 'rs';
  readonly method?: ServerMethod;
  readonly vips?: readonly Address[];
  readonly dip?: Address;
  /** How long a connect to a real server may take. */
  readonly waitMs: number;
}

export type Examination =
  | { readonly kind: 'examined'; readonly facts: Facts; readonly findings: readonly Finding[] }
  /** Nothing tells what this host is. */
  | { readonly kind: 'no-role' };

/** `open`: the director of this namespace, or undefined where the datapath is not loaded. */
export type OpenDirector = () => Director | undefined;

function servicesOf(open: OpenDirector): readonly ServiceFact[] {
  const director = open();
  return director === undefined
    ? []
    : using(director, (one) =>
        one.services().map(({ spec, destinations }) => ({ spec, destinations: destinations.map((entry) => entry.spec) })),
      );
}

function asRealServer(host: HostFacts, wish: Wish): Examination {
  const vips = wish.vips ?? vipsOnLoopback(host);
  // Without a VIP, only a server that names its director can be one behind VS/NAT.
  const method = wish.method ?? (vips.length === 0 && wish.dip !== undefined ? 'nat' : 'dr');
  const facts = collectRealServer(host, { method, vips, ...(wish.dip === undefined ? {} : { dip: wish.dip }) });
  return { kind: 'examined', facts, findings: diagnose(facts) };
}

/** @throws SystemError, or what opening the director throws */
export async function examine(wish: Wish, open: OpenDirector): Promise<Examination> {
  const netlink = new Netlink();
  try {
    const host = collectHost(netlink);
    if (wish.role === 'rs') {
      return asRealServer(host, wish);
    }
    const datapath = collectDatapath(host.links); // before the director is opened, which attaches what is missing
    const services = datapath.loaded ? servicesOf(open) : [];
    if (wish.role === undefined && services.length === 0) {
      return vipsOnLoopback(host).length > 0 ? asRealServer(host, wish) : { kind: 'no-role' };
    }
    const facts = await collectDirector(netlink, { host, datapath, services }, wish.waitMs);
    return { kind: 'examined', facts, findings: diagnose(facts) };
  } finally {
    netlink.close();
  }
}
