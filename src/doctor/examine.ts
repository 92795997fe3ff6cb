// Examines this host: determines its role, collects its facts, and applies the rules.
import type { Address } from '../model/address.js';
import { type Finding, sortedFindings } from '../model/finding.js';
import { Netlink } from '../sys/netlink/netlink.js';
import { collectDatapath } from './collect/datapath.js';
import { collectDirector } from './collect/director.js';
import { collectHost } from './collect/host.js';
import { collectHostIpv6 } from './collect/host-ipv6.js';
import { collectRealServer, vipsHere } from './collect/real-server.js';
import { collectTable, NO_TABLE } from './collect/table.js';
import { collectVrrp } from './collect/vrrp.js';
import { diagnose } from './diagnose.js';
import type { Facts, HostFacts, ServerMethod, ServicePort, VrrpAddress } from './facts.js';
import { vrrpRule } from './rules/vrrp/vrrp.js';
import type { VrrpFacts } from './vrrp-facts.js';

export interface ExamineOptions {
  /** Absent: director where the table has services, else real server where lo has a VIP, else director where the datapath is loaded. */
  readonly role?: 'director' | 'rs' | 'vrrp';
  readonly method?: ServerMethod;
  readonly vips?: readonly Address[];
  /** The services' ports on a real server. */
  readonly ports?: readonly ServicePort[];
  /** The director's own addresses, one of a family. */
  readonly dips?: readonly Address[];
  /** Path of a keepalived.conf; absent: that of the running daemon, or the host's own. */
  readonly keepalived?: string;
  /** Timeout of a connect to a real server, and how long adverts are received. */
  readonly waitMs: number;
}

export type Examination =
  | { readonly kind: 'examined'; readonly facts: Facts; readonly findings: readonly Finding[] }
  /** Nothing shows which role this host has. */
  | { readonly kind: 'no-role' };

/** Joins the findings about the host and those about VRRP. */
function examined(facts: Facts, vrrp: VrrpFacts | undefined): Examination {
  const notExamined = (vrrp?.notExamined ?? []).map((spot): Finding => ({ severity: 'info', code: 'not-looked-at', ...spot }));
  const found = vrrp === undefined ? [] : vrrpRule(facts, vrrp);
  return { kind: 'examined', facts, findings: sortedFindings([...found, ...diagnose(facts), ...notExamined]) };
}

async function asRealServer(netlink: Netlink, host: HostFacts, options: ExamineOptions, vrrp: VrrpFacts | undefined): Promise<Examination> {
  const { method, dips = [], vips, ports = [] } = options;
  const given = { ...(method === undefined ? {} : { method }), ...(vips === undefined ? {} : { vips }) };
  return examined(await collectRealServer(netlink, host, collectHostIpv6(netlink, host), { ports, dips, ...given }), vrrp);
}

/** On lo, a dummy interface or a tunnel, of either family. */
const hasVips = (netlink: Netlink, host: HostFacts): boolean =>
  vipsHere(host).length > 0 || vipsHere(collectHostIpv6(netlink, host).host).length > 0;

const asVrrpNode = (host: HostFacts, vrrp: VrrpFacts): Examination =>
  examined({ ...host, role: 'vrrp', instances: vrrp.instances.length }, vrrp);

const vrrpAddresses = ({ instances }: VrrpFacts): readonly VrrpAddress[] =>
  instances.flatMap(({ managed, ifindex, file }) => managed.map(({ address }) => ({ address, ifindex, file })));

/** Changes nothing on this host. @throws SystemError, WeirError of what hides the datapath */
export async function examine(options: ExamineOptions): Promise<Examination> {
  const netlink = new Netlink();
  try {
    const bare = collectHost(netlink);
    const vrrp = collectVrrp(netlink, bare, options.waitMs, options.keepalived);
    const host = vrrp === undefined ? bare : { ...bare, vrrp: vrrpAddresses(vrrp) };
    if (options.role === 'rs') return await asRealServer(netlink, host, options, vrrp);
    if (options.role === 'vrrp') return vrrp === undefined ? { kind: 'no-role' } : asVrrpNode(host, vrrp);
    const found = collectDatapath(netlink);
    const { facts: datapath, reader } = found;
    const table = reader === undefined ? NO_TABLE : collectTable(reader);
    if (options.role === undefined && table.services.length === 0 && datapath.otherTables === undefined) {
      if (hasVips(netlink, host)) return await asRealServer(netlink, host, options, vrrp);
      if (vrrp !== undefined) return asVrrpNode(host, vrrp);
      // A loaded datapath with an empty table: a director whose services were removed.
      if (!datapath.loaded) return { kind: 'no-role' };
    }
    const facts = await collectDirector(netlink, { host, datapath: found, table }, options.waitMs);
    return examined(facts, vrrp);
  } finally {
    netlink.close();
  }
}
