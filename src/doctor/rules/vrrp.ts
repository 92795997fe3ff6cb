// Is a VIP of VRRP here and answered by another host at the same time? Who that is, why it believes so, and what mends it.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { sameAddress } from '../../model/identity.js';
import type { AdvertFact, HolderFact, HostFacts, VrrpFacts, VrrpInstanceFact } from '../facts.js';
import type { Finding } from '../finding.js';
import { lettingPass } from '../packet-filter.js';

type Reason = Pick<Finding, 'cause' | 'mend'>;

const AUTH = ['none', 'PASS', 'AH'];

/** The other node's own address: by its adverts, or by the kernel's table; its MAC where neither tells. */
function nameOf({ mac, address: vip }: HolderFact, { adverts, neighbours, instances }: VrrpFacts): string {
  const advert = adverts.find((one) => one.mac === mac);
  if (advert !== undefined) return `${formatAddress(advert.source)} (${mac})`;
  const vips = instances.flatMap((one) => one.vips);
  const known = neighbours.find(
    (one) => one.mac === mac && !sameAddress(one.address, vip) && !vips.some((each) => sameAddress(each, one.address)),
  );
  return known === undefined ? mac : `${formatAddress(known.address)} (${mac})`;
}

/** What of an advert makes the other node's settings differ from ours, in keepalived.conf's words. */
function difference(instance: VrrpInstanceFact, advert: AdvertFact): string | undefined {
  const { version, authType } = instance;
  if (advert.version !== version) return `vrrp_version is ${advert.version} there and ${version} here`;
  if (version === 2 && advert.authType !== authType)
    return `auth_type is ${AUTH[advert.authType] ?? advert.authType} there and ${AUTH[authType]} here`;
  if (version === 2 && advert.interval !== instance.interval) return `advert_int is ${advert.interval} there and ${instance.interval} here`;
  if (instance.unicast !== (advert.destination.words[0] ?? 0) >>> 28 < 14) return `one of the two uses unicast_peer, the other multicast`;
  const same =
    advert.vips.length === instance.vips.length && advert.vips.every((vip) => instance.vips.some((own) => sameAddress(own, vip)));
  return same
    ? undefined
    : `virtual_ipaddress is ${advert.vips.map(formatAddress).join(', ')} there and ${instance.vips.map(formatAddress).join(', ')} here`;
}

function blockReason(instance: VrrpInstanceFact, { blocks }: VrrpFacts): Reason | undefined {
  const block = blocks.find((one) => one.instance === instance.name);
  if (block === undefined) return undefined;
  const { family, table, chain, text } = block.by;
  const whose = block.way === 'in' ? `adverts of ${formatAddress(block.source)}` : 'our own adverts';
  return {
    cause: `the rule "${text}" (nft ${family} ${table} ${chain}) drops ${whose} (protocol 112 to ${formatAddress(block.destination)})`,
    mend: lettingPass(block.by, block.way, block.source, block.destination),
  };
}

function reason(instance: VrrpInstanceFact, holder: HolderFact, facts: VrrpFacts): Reason {
  const blocked = blockReason(instance, facts);
  if (blocked !== undefined) return blocked;
  const heard = facts.adverts.filter(({ mac, ifindex }) => mac === holder.mac && ifindex === instance.ifindex);
  const same = heard.find(({ vrid }) => vrid === instance.vrid);
  if (same !== undefined) {
    const differs = difference(instance, same);
    if (differs !== undefined)
      return { cause: `each refuses the other's adverts: ${differs}`, mend: 'give both nodes the same setting and reload' };
    const peer = formatAddress(same.source);
    return {
      cause: `its adverts (VRID ${same.vrid}, priority ${same.priority}) arrive here, so it does not hear ours or refuses them (a rule there against protocol 112, another auth_pass)`,
      mend: `on ${peer}: weir doctor; iptables -I INPUT -p 112 -d ${formatAddress(same.destination)} -j ACCEPT; compare auth_pass`,
    };
  }
  const other = heard[0];
  if (other !== undefined) {
    return {
      cause: `it uses VRID ${other.vrid} where this host uses ${instance.vrid}`,
      mend: 'give both nodes the same virtual_router_id, or each pair addresses of its own',
    };
  }
  return {
    cause: `no advert of it arrives on ${instance.device}: a switch that snoops IGMP, a cut, a rule there on the way out, or no VRRP at all`,
    mend: `on that host: weir doctor; tcpdump -ni ${instance.device} proto 112 on both`,
  };
}

function splits(facts: VrrpFacts): readonly Finding[] {
  return facts.instances.flatMap((instance) =>
    instance.vips.flatMap((vip) =>
      facts.holders
        .filter(({ address, ifindex }) => sameAddress(address, vip) && ifindex === instance.ifindex)
        .map(
          (holder): Finding => ({
            level: 'error',
            code: 'vrrp-split-brain',
            what: `${formatAddress(vip)} (${instance.name}, VRID ${instance.vrid}) is here and ${nameOf(holder, facts)} answers for it, too, on ${instance.device}`,
            ...reason(instance, holder, facts),
          }),
        ),
    ),
  );
}

/** A rule that will split the pair as soon as it matters, though nobody holds a VIP twice at the moment. */
function blocks(facts: VrrpFacts, split: readonly Address[]): readonly Finding[] {
  return facts.instances
    .filter(({ vips }) => !vips.some((vip) => split.some((one) => sameAddress(one, vip))))
    .flatMap((instance): Finding[] => {
      const why = blockReason(instance, facts);
      return why === undefined
        ? []
        : [
            {
              level: 'warning',
              code: 'vrrp-blocked',
              what: `VRRP of ${instance.name} (VRID ${instance.vrid}) cannot pass on ${instance.device}`,
              ...why,
            },
          ];
    });
}

/** Adverts with our VRID that speak of wholly other addresses: two pairs on one LAN took the same number. */
function strangers(facts: VrrpFacts): readonly Finding[] {
  return facts.instances.flatMap((instance) =>
    facts.adverts
      .filter(({ ifindex, vrid, vips }) => ifindex === instance.ifindex && vrid === instance.vrid && vips.length > 0)
      .filter(({ vips, destination }) => {
        const common = vips.some((vip) => instance.vips.some((own) => sameAddress(own, vip)));
        return !common && instance.destinations.some((one) => sameAddress(one, destination));
      })
      .map(
        ({ source, vips }): Finding => ({
          level: 'warning',
          code: 'vrrp-vrid-shared',
          what: `${formatAddress(source)} uses VRID ${instance.vrid} on ${instance.device}, too, for ${vips.map(formatAddress).join(', ')}`,
          cause: `${instance.name} has that VRID and other addresses: two pairs answer to one number`,
          mend: 'give one pair another virtual_router_id, or a vrrp_mcast_group4 of its own',
        }),
      ),
  );
}

export function vrrpRule(_: HostFacts, facts: VrrpFacts): readonly Finding[] {
  const split = splits(facts);
  const held = facts.holders.map(({ address }) => address);
  return [...split, ...blocks(facts, held), ...strangers(facts)];
}
