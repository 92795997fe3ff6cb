// Does another host answer for a VIP of VRRP that is here? Which host, why, and what fixes it.
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { Mac } from '../../../wire/ethernet.js';
import type { Facts, HolderFact } from '../../facts.js';
import { realServersOf } from '../../network.js';
import { acceptCommand } from '../../packet-filter/accept-command.js';
import type { VrrpFacts, VrrpInstanceFact } from '../../vrrp-facts.js';
import { brokenFilesRule } from './broken-files.js';
import { virtualServersRule } from './virtual-servers.js';
import { daemonsRule } from './vrrp-daemons.js';
import { adviceOf, difference } from './vrrp-difference.js';
import { vrrpFaultRule } from './vrrp-fault.js';
import { peersRule, sameNumber } from './vrrp-peers.js';
import { vrrpSettingsRule } from './vrrp-settings.js';
import { vrrpVipsRule } from './vrrp-vips.js';

type Reason = Pick<Finding, 'cause' | 'fix' | 'on' | 'advice'>;

/** The other node's own address, from its adverts or the kernel's neighbour table, there of the VIP's family first; else its MAC. */
function nameOf({ mac, address: vip }: HolderFact, { adverts, neighbours, instances }: VrrpFacts): string {
  const advert = adverts.find((one) => one.mac === mac);
  if (advert !== undefined) return `${formatAddress(advert.source)} (${mac})`;
  const moving = [vip, ...instances.flatMap(({ managed }) => managed.map(({ address }) => address))];
  const own = neighbours.filter((one) => one.mac === mac && !moving.some((each) => sameAddress(each, one.address)));
  const known = own.find(({ address }) => address.family === vip.family) ?? own[0];
  return known === undefined ? mac : `${formatAddress(known.address)} (${mac})`;
}

function blockReason(instance: VrrpInstanceFact, { blocks }: VrrpFacts): Reason | undefined {
  const block = blocks.find((one) => one.instance === instance.name);
  if (block === undefined) return undefined;
  const { by, direction, source, destination, protocol } = block;
  const adverts = direction === 'in' ? `adverts of ${formatAddress(source)}` : 'our own adverts';
  const place = by.tool === 'nft' ? `nft ${by.family} ${by.table} ${by.chain}` : `${by.tool} ${by.table} ${by.chain}`;
  const writer = by.writer === undefined ? '' : `, written by ${by.writer}`;
  return {
    cause: `the rule "${by.text}" (${place}${writer}) drops ${adverts} (protocol ${IpProtocol[protocol]} to ${formatAddress(destination)})`,
    fix: acceptCommand(by, block),
  };
}

function reason(instance: VrrpInstanceFact, holder: HolderFact, facts: VrrpFacts): Reason {
  const blocked = blockReason(instance, facts);
  if (blocked !== undefined) return blocked;
  const received = facts.adverts.filter(
    ({ mac, ifindex, source }) => mac === holder.mac && ifindex === instance.ifindex && source.family === instance.family,
  );
  const same = received.find((advert) => sameNumber(instance, advert));
  if (same !== undefined) {
    const differs = difference(instance, same);
    if (differs !== undefined && differs.kind !== 'odd') {
      return { cause: `each refuses the other's adverts: ${differs.text}`, advice: adviceOf(differs) };
    }
    const peer = formatAddress(same.source);
    return {
      cause: `its adverts (VRID ${same.vrid}, priority ${same.priority}) arrive here: either it does not receive ours, because of a rule there or of the network between, or it refuses them for another auth_pass`,
      advice: `weir doctor on ${peer} names the rule; compare auth_pass`,
    };
  }
  const other = received[0];
  if (other !== undefined) {
    return {
      cause: `it uses VRID ${other.vrid} where this host uses ${instance.vrid}`,
      advice: 'give both nodes the same virtual_router_id, or each pair addresses of its own',
    };
  }
  return {
    cause: `no advert of it arrives on ${instance.interfaceName}: IGMP snooping of a switch, a cut link, a rule there for outgoing packets, or no VRRP there`,
    advice: `on that host: weir doctor; tcpdump -ni ${instance.interfaceName} proto 112 on both`,
  };
}

/** The MACs of the table's real servers: one that answers for a VIP is a fault of its own, which the director's rules report. */
function serverMacs(host: Facts): ReadonlySet<Mac> {
  if (host.role !== 'director') return new Set();
  const servers = realServersOf(host.services);
  return new Set(host.holders.filter(({ address }) => servers.some((server) => sameAddress(server, address))).map(({ mac }) => mac));
}

/** Other hosts with a VIP that is here. With virtual MACs both nodes answer from one MAC, so only adverts show two masters. */
function rivals(instance: VrrpInstanceFact, facts: VrrpFacts): readonly HolderFact[] {
  const here = instance.vips.filter((vip) => facts.addresses.some(({ address }) => sameAddress(address, vip)));
  const answering = here.flatMap((vip) =>
    facts.holders.filter(({ address, ifindex }) => sameAddress(address, vip) && ifindex === instance.ifindex),
  );
  if (answering.length > 0 || instance.vmac === undefined) return answering;
  return facts.adverts
    .filter((advert) => sameNumber(instance, advert) && advert.priority > 0)
    .flatMap(({ mac, ifindex, vips }) =>
      here.filter((vip) => vips.some((one) => sameAddress(one, vip))).map((address) => ({ ifindex, mac, address })),
    );
}

function splits(host: Facts, facts: VrrpFacts): readonly { readonly vips: readonly Address[]; readonly finding: Finding }[] {
  const servers = serverMacs(host);
  const isServer = ({ mac }: HolderFact): boolean => servers.has(mac) && !facts.adverts.some((advert) => advert.mac === mac);
  // What a daemon left that does not run any more: another rule reports it, whoever else has the address.
  const elected = facts.instances.filter(({ running }) => running !== false);
  return elected.flatMap((instance) => {
    const holders = rivals(instance, facts).filter((holder) => !isServer(holder));
    // Several addresses that one node has are one fact.
    return [...new Set(holders.map(({ mac }) => mac))].flatMap((mac) => {
      const shared = holders.filter((one) => one.mac === mac);
      const [first] = shared;
      if (first === undefined) return [];
      const vips = shared.map(({ address }) => address);
      const [verb, pronoun] = vips.length === 1 ? ['is', 'it'] : ['are', 'them'];
      const finding: Finding = {
        severity: 'error',
        code: 'vrrp-split-brain',
        what: `${vips.map(formatAddress).join(', ')} (${instance.name}, VRID ${instance.vrid}) ${verb} here and ${nameOf(first, facts)} answers for ${pronoun}, too, on ${instance.interfaceName}`,
        ...reason(instance, first, facts),
      };
      return [{ vips, finding }];
    });
  });
}

/** Rules that will make both nodes master, although no VIP is held twice at the moment. */
function blocks(facts: VrrpFacts, split: readonly Address[]): readonly Finding[] {
  return facts.instances
    .filter(({ vips }) => !vips.some((vip) => split.some((one) => sameAddress(one, vip))))
    .flatMap((instance): Finding[] => {
      const why = blockReason(instance, facts);
      return why === undefined
        ? []
        : [
            {
              severity: 'warning',
              code: 'vrrp-blocked',
              what: `VRRP of ${instance.name} (VRID ${instance.vrid}) is blocked on ${instance.interfaceName}`,
              ...why,
            },
          ];
    });
}

export function vrrpRule(host: Facts, facts: VrrpFacts): readonly Finding[] {
  const found = splits(host, facts);
  const split = found.flatMap(({ vips }) => vips);
  return [
    ...found.map(({ finding }) => finding),
    ...brokenFilesRule(facts),
    ...daemonsRule(facts),
    ...virtualServersRule(host, facts),
    ...vrrpVipsRule(host, facts),
    ...vrrpFaultRule(host, facts),
    ...blocks(facts, split),
    ...peersRule(facts, split),
    ...vrrpSettingsRule(host, facts),
  ];
}
