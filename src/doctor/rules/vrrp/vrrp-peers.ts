// Adverts of other nodes that do not match this host's configuration: other settings, another VRID, another pair.
import { type Address, isMulticast } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { AdvertFact, VrrpFacts, VrrpInstanceFact } from '../../vrrp-facts.js';
import { adviceOf, type Difference, difference } from './vrrp-difference.js';

const holdsAny = (addresses: readonly Address[], vips: readonly Address[]): Address | undefined =>
  vips.find((vip) => addresses.some((one) => sameAddress(one, vip)));

export const sameNumber = (instance: VrrpInstanceFact, advert: AdvertFact): boolean =>
  advert.ifindex === instance.ifindex && advert.vrid === instance.vrid && advert.source.family === instance.family;

/** Whether it may be for our instance: adverts in another multicast group belong to another pair. */
const concerns = (instance: VrrpInstanceFact, { destination }: AdvertFact): boolean =>
  instance.unicast || !isMulticast(destination) || instance.destinations.some((one) => sameAddress(one, destination));

/** Adverts with our VRID that list only other addresses: two pairs on one LAN use the same VRID. */
const isStranger = (instance: VrrpInstanceFact, { vips }: AdvertFact): boolean =>
  vips.length > 0 && holdsAny(instance.vips, vips) === undefined;

const SEVERITIES = { refused: 'warning', mismatch: 'warning', odd: 'info' } as const;
const EFFECTS: Readonly<Record<Difference['kind'], string>> = {
  refused: 'each refuses the other’s adverts, so both are master as soon as both can be',
  mismatch: 'keepalived before 2.3.3 refuses such adverts, and a failover changes which addresses are served',
  odd: 'a backup uses the interval in the master’s adverts, so the two directions of a failover take different times',
};

function settings(instance: VrrpInstanceFact, advert: AdvertFact): readonly Finding[] {
  const differs = difference(instance, advert);
  if (differs === undefined) return [];
  return [
    {
      severity: SEVERITIES[differs.kind],
      code: 'vrrp-peer-differs',
      what: `${formatAddress(advert.source)} has other settings than ${instance.name} (VRID ${instance.vrid}) on ${instance.interfaceName}`,
      cause: `${differs.text}: ${EFFECTS[differs.kind]}`,
      advice: adviceOf(differs),
    },
  ];
}

function stranger(instance: VrrpInstanceFact, { source, vips }: AdvertFact): Finding {
  return {
    severity: 'warning',
    code: 'vrrp-vrid-shared',
    what: `${formatAddress(source)} uses VRID ${instance.vrid} on ${instance.interfaceName}, too, for ${vips.map(formatAddress).join(', ')}`,
    cause: `${instance.name} has that VRID and other addresses: two pairs use one number`,
    advice: `give one pair another virtual_router_id, or a ${instance.family === 'inet' ? 'vrrp_mcast_group4' : 'vrrp_mcast_group6'} of its own`,
  };
}

/** Adverts for our VIP with a VRID that no instance here has. */
function otherNumbers({ instances, adverts }: VrrpFacts): readonly Finding[] {
  return adverts
    .filter((advert) => !instances.some((instance) => sameNumber(instance, advert)))
    .flatMap((advert) =>
      instances
        .filter(({ ifindex }) => ifindex === advert.ifindex)
        .flatMap((instance): Finding[] => {
          const vip = holdsAny(instance.vips, advert.vips);
          if (vip === undefined) return [];
          return [
            {
              severity: 'warning',
              code: 'vrrp-other-vrid',
              what: `${formatAddress(advert.source)} announces ${formatAddress(vip)} of ${instance.name} under VRID ${advert.vrid} on ${instance.interfaceName}`,
              cause: `${instance.name} has VRID ${instance.vrid}: the two ignore each other's adverts, so both become master`,
              advice: `virtual_router_id ${advert.vrid} in ${instance.name} of ${instance.file} (or ${instance.vrid} there), then: systemctl reload keepalived`,
            },
          ];
        }),
    );
}

/** `split`: VIPs that another finding already reports as held twice. */
export function peersRule(facts: VrrpFacts, split: readonly Address[]): readonly Finding[] {
  const unreported = facts.instances.filter(({ vips }) => holdsAny(split, vips) === undefined);
  const received = (instance: VrrpInstanceFact): readonly AdvertFact[] =>
    facts.adverts.filter((advert) => sameNumber(instance, advert) && concerns(instance, advert));
  const found = unreported.flatMap((instance) =>
    received(instance).flatMap((advert) => (isStranger(instance, advert) ? [] : settings(instance, advert))),
  );
  const strangers = facts.instances.flatMap((instance) =>
    received(instance)
      .filter((advert) => isStranger(instance, advert))
      .map((advert) => stranger(instance, advert)),
  );
  return [...found, ...strangers, ...otherNumbers({ ...facts, instances: unreported })];
}
