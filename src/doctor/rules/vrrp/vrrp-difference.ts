// Differences between another node's advert and our settings, named by keepalived.conf's keywords.

import { isMulticast } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import type { AdvertFact, VrrpInstanceFact } from '../../vrrp-facts.js';

const AUTH = ['none', 'PASS', 'AH'];

export interface Difference {
  /** The keyword whose value must be the same on both nodes. */
  readonly keyword: string;
  readonly text: string;
  /** `refused`: keepalived drops such adverts; `mismatch`: keepalived before 2.3.3 does; `odd`: no version does. */
  readonly kind: 'refused' | 'mismatch' | 'odd';
}

const refused = (keyword: string, text: string): Difference => ({ keyword, text, kind: 'refused' });

function intervalDifference(instance: VrrpInstanceFact, advert: AdvertFact): Difference | undefined {
  const there = advert.version === 2 ? advert.interval : advert.interval / 100;
  // Version 3 sends hundredths of a second; finer differences do not show.
  if (Math.abs(there - instance.interval) < 0.01) return undefined;
  const text = `advert_int is ${there} there and ${instance.interval} here`;
  return instance.version === 2 ? refused('advert_int', text) : { keyword: 'advert_int', text, kind: 'odd' };
}

function addressDifference(instance: VrrpInstanceFact, { vips }: AdvertFact): Difference | undefined {
  if (vips.length === instance.vips.length && vips.every((vip) => instance.vips.some((own) => sameAddress(own, vip)))) return undefined;
  const [there, here] = [vips, instance.vips].map((list) => list.map(formatAddress).join(', ') || 'empty');
  return { keyword: 'virtual_ipaddress', text: `virtual_ipaddress is ${there} there and ${here} here`, kind: 'mismatch' };
}

/** The first difference that stops the two from being a pair; undefined: none. */
export function difference(instance: VrrpInstanceFact, advert: AdvertFact): Difference | undefined {
  const { version, authType } = instance;
  if (advert.version !== version) return refused('vrrp_version', `vrrp_version is ${advert.version} there and ${version} here`);
  if (version === 2 && advert.authType !== authType) {
    const [there, here] = [advert.authType, authType].map((type) => AUTH[type] ?? type);
    return refused('authentication', `auth_type is ${there} there and ${here} here`);
  }
  if (advert.password !== undefined && instance.password !== undefined && advert.password !== instance.password) {
    return refused('auth_pass', 'auth_pass differs');
  }
  const interval = intervalDifference(instance, advert);
  if (interval?.kind === 'refused') return interval;
  if (instance.unicast === isMulticast(advert.destination)) {
    return refused('unicast_peer', 'one of the two uses unicast_peer, the other multicast');
  }
  return addressDifference(instance, advert) ?? interval;
}

export const adviceOf = ({ keyword }: Difference): string =>
  `the same ${keyword} on both nodes, then on the changed one: systemctl reload keepalived (weir config lint FILE FILE compares two nodes' files)`;
