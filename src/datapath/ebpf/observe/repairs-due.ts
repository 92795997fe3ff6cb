// What the next command that opens the table for changes would repair, found without changing anything. `weir load` is that command with
// no effect of its own. A pair with one name alone is what keeps every such command from opening the table.

import type { Address, Family } from '../../../model/address.js';
import { addressId } from '../../../model/identity.js';
import { IpsecPolicies, type IpsecPolicy } from '../../../model/ipsec-policy.js';
import { readSetting } from '../../../sys/files/sysctl.js';
import type { PolicyRouting } from '../../../sys/netlink/policy-routing.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { type Link, LinkFlag } from '../../../wire/rtnetlink-link.js';
import { Abi, Conf, Dest } from '../abi.gen.js';
import { isAttachable } from '../load/hook-choice.js';
import { differencesOf, forbidsMore, isLayer3, recordOf, withoutPlace } from '../load/interface-record.js';
import { markRuleSteps } from '../load/mark-rules.js';
import { PAIR, pairFault, pairOf, pairSettings } from '../load/pair.js';
import { sourceRulesChanged } from '../load/source-rules.js';
import { pairHasIpv6 } from '../table/firewall.js';
import { ownBy, wrongLocalMarks, wrongPolicyMarks } from '../table/host-marks.js';
import { FAMILIES, hasMarks, liveMarks } from '../table/marks.js';
import { recordedAddress } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import type { Coverage } from './coverage.js';
import { type FirewallState, firewallState } from './firewall-state.js';

export type RepairDue =
  /** One of weir's own devices has another name. */
  | { readonly kind: 'pair-renamed'; readonly name: string; readonly now: string }
  /** One of the two names is there, and what has it is not the other end of anything here. */
  | { readonly kind: 'pair-broken'; readonly present: string; readonly missing: string }
  /** One of weir's own devices is not there, or was made again with another number. */
  | { readonly kind: 'pair-missing'; readonly name: string }
  | { readonly kind: 'pair-down'; readonly name: string }
  /** `path`: below /proc/sys. */
  | { readonly kind: 'pair-setting'; readonly path: string; readonly value: string; readonly expected: string }
  /** It is covered, but the programs do not know it: the command that covered it was killed, or it is detached next, since it finds no place. */
  | { readonly kind: 'record-missing'; readonly name: string }
  /** The interface has another MAC than the programs know: they take frames for it as frames for another host. */
  | { readonly kind: 'mac-changed'; readonly name: string }
  /** The programs take the interface for one with XDP, or without, or with the other end elsewhere, which it is not. */
  | { readonly kind: 'flags-changed'; readonly name: string }
  /** The interface's rp_filter has another value than the programs apply to new connections. `forbids`: theirs forbids more. */
  | { readonly kind: 'reverse-path-changed'; readonly name: string; readonly forbids: boolean }
  /** The same of accept_local, by which answers that come by the director are looked at (DR, TUN). */
  | { readonly kind: 'accept-local-changed'; readonly name: string }
  /** Policy rules of firewall marks are missing or left over. `missing`: packets with a mark do not reach their service. */
  | { readonly kind: 'mark-rules'; readonly missing: boolean }
  /** `present`: a packet's source decides by which route it goes, and the programs keep one next hop of a client for all virtual addresses. */
  | { readonly kind: 'source-rules'; readonly family: Family; readonly present: boolean }
  | NonNullable<FirewallState['due']>
  /** Policies of IPsec are for packets of so many destinations, by NAT, for which the programs do not know them, or not these. */
  | { readonly kind: 'ipsec-policies'; readonly destinations: number }
  /** Addresses of servers came to this host or left it, and the programs do not know. `came`: those that are here now. */
  | { readonly kind: 'server-addresses'; readonly came: readonly Address[]; readonly left: readonly Address[] };

function pairRepairs(tables: Tables, links: readonly Link[]): readonly RepairDue[] {
  const fault = pairFault(links);
  if (fault?.kind === 'renamed') return [{ kind: 'pair-renamed', name: fault.name, now: fault.now }];
  if (fault?.kind === 'broken') return [{ kind: 'pair-broken', present: fault.present, missing: fault.missing }];
  const { near, far } = pairOf(links);
  const [nearNumber, farNumber] = [tables.conf.get(0, Conf.pairIfindex), tables.conf.get(0, Conf.pairPeerIfindex)];
  const ends = [
    { name: PAIR.near, link: near, expected: nearNumber },
    { name: PAIR.far, link: far, expected: farNumber },
  ];
  const missing = ends.filter(({ link, expected }) => link?.ifindex !== expected);
  if (missing.length > 0) return missing.map(({ name }) => ({ kind: 'pair-missing', name }));
  const down = ends.filter(({ link }) => ((link?.flags ?? 0) & LinkFlag.up) === 0);
  const settings = pairSettings(pairHasIpv6(tables)).flatMap(({ path, value: expected }): RepairDue[] => {
    const value = readSetting(path);
    return value === undefined || value === expected ? [] : [{ kind: 'pair-setting', path, value, expected }];
  });
  return [...down.map(({ name }): RepairDue => ({ kind: 'pair-down', name })), ...settings];
}

/** Of interfaces that are covered; the address in a record is only the sender of ARP requests. */
function recordRepairs(
  { interfaces }: Tables,
  links: readonly Link[],
  addresses: readonly InterfaceAddress[],
  coverage: readonly Coverage[],
): readonly RepairDue[] {
  const attachable = links.filter(isAttachable);
  const placeless = withoutPlace(interfaces, attachable);
  return attachable.flatMap((link): RepairDue[] => {
    const attached = coverage.find(({ ifindex }) => ifindex === link.ifindex)?.attached ?? [];
    if (!attached.includes('ingress')) return [];
    const now = recordOf(link, attached.includes('xdp'), addresses);
    const differences = differencesOf(interfaces, now);
    const forbids = forbidsMore(interfaces, now);
    return [
      ...(differences.includes('number') && (!placeless.includes(link) || isLayer3(link))
        ? [{ kind: 'record-missing', name: link.name } as const]
        : []),
      ...(differences.includes('mac') ? [{ kind: 'mac-changed', name: link.name } as const] : []),
      ...(differences.includes('flags') ? [{ kind: 'flags-changed', name: link.name } as const] : []),
      ...(differences.includes('rp_filter') ? [{ kind: 'reverse-path-changed', name: link.name, forbids } as const] : []),
      ...(differences.includes('accept_local') ? [{ kind: 'accept-local-changed', name: link.name } as const] : []),
    ];
  });
}

function markRepairs(tables: Tables, routing: PolicyRouting): readonly RepairDue[] {
  const steps = FAMILIES.filter((family) => hasMarks(tables, family)).flatMap((family) =>
    markRuleSteps(family, routing.rules(family), liveMarks(tables, family)),
  );
  return steps.length === 0 ? [] : [{ kind: 'mark-rules', missing: steps.some(({ kind }) => kind === 'append') }];
}

const sourceRepairs = (tables: Tables, routing: PolicyRouting): readonly RepairDue[] =>
  sourceRulesChanged(tables, routing).map((changed) => ({ kind: 'source-rules', ...changed }));

function policyRepairs(tables: Tables, addresses: readonly InterfaceAddress[], policies: readonly IpsecPolicy[]): readonly RepairDue[] {
  const { length: destinations } = wrongPolicyMarks(tables, new IpsecPolicies(policies, ownBy(addresses)));
  return destinations === 0 ? [] : [{ kind: 'ipsec-policies', destinations }];
}

function addressRepairs(tables: Tables, addresses: readonly InterfaceAddress[]): readonly RepairDue[] {
  const wrong = wrongLocalMarks(tables, ownBy(addresses)).filter(({ flags }) => (flags & Abi.D_AVAILABLE) !== 0);
  if (wrong.length === 0) return [];
  const of = (isHere: boolean): readonly Address[] => {
    const some = wrong.filter(({ flags }) => ((flags & Abi.D_LOCAL) !== 0) === isHere);
    const all = some.map(({ id }) => recordedAddress(tables.dests, Dest, id));
    return [...new Map(all.map((address) => [addressId(address), address])).values()];
  };
  return [{ kind: 'server-addresses', came: of(true), left: of(false) }];
}

function firewallRepairs(tables: Tables): readonly RepairDue[] {
  const { due } = firewallState(tables);
  return due === undefined ? [] : [due];
}

/** `links`: with weir's own pair. Interfaces that are not covered are in `coverage`. */
export function repairsDue(
  tables: Tables,
  links: readonly Link[],
  addresses: readonly InterfaceAddress[],
  coverage: readonly Coverage[],
  routing: PolicyRouting,
  policies: readonly IpsecPolicy[],
): readonly RepairDue[] {
  return [
    ...pairRepairs(tables, links),
    ...recordRepairs(tables, links, addresses, coverage),
    ...markRepairs(tables, routing),
    ...sourceRepairs(tables, routing),
    ...policyRepairs(tables, addresses, policies),
    ...addressRepairs(tables, addresses),
    ...firewallRepairs(tables),
  ];
}
