// virtual_ipaddress and virtual_ipaddress_excluded of an instance: family, number, and how many fit in an advert (keepalived.conf(5)).
import { isLinkLocal } from '../../../../model/address.js';
import { formatAddress } from '../../../../model/address-text.js';
import type { HostAddress } from '../../../../model/keepalived/network.js';
import type { Statement, Values } from '../../keyword.js';
import { blocksOf, has, linesOf, placeOf, textOf } from '../../values/values.js';
import { buildAddress } from '../network/address.js';
import type { NumberNames } from '../network/number-names.js';
import type { InstanceContext } from './election.js';

/**
 * The number of addresses in an advert of 1500 bytes: the count has 8 bits; IPv6 addresses have 16 bytes, less the space that keepalived
 * reserves.
 */
const ADDRESSES_MAX = { inet: 255, inet6: 89 };
/** The number of addresses that the trailer of auth_hmac displaces. */
const TRAILER_ADDRESSES = { inet: 0, inet6: 1 };

export interface VirtualAddresses {
  readonly addresses: readonly HostAddress[];
  readonly excludedAddresses: readonly HostAddress[];
  /** False: an instance that needs addresses has none, and cannot work. */
  readonly usable: boolean;
}

const read = (
  lines: readonly Statement[],
  { report }: InstanceContext,
  names: NumberNames,
): readonly (HostAddress & { line: Statement })[] =>
  lines.flatMap((line) => {
    const address = buildAddress(line, { report, names });
    return address === undefined ? [] : [{ ...address, line }];
  });

const plain = ({ line: _, ...address }: HostAddress & { line: Statement }): HostAddress => address;

/** Addresses of the instance's family only; the others belong in another instance, or in virtual_ipaddress_excluded. */
function ofFamily(context: InstanceContext, names: NumberNames): readonly HostAddress[] {
  const { block, family, name, report } = context;
  return read(linesOf(block, 'virtual_ipaddress'), context, names)
    .filter(({ address, line }) => {
      if (address.family === family) return true;
      report('virtual-addresses-exceed-advert', line.keyword.at, { name, address: formatAddress(address) });
      return false;
    })
    .map(plain);
}

/** Strict mode requires a link-local address first (RFC 5798 §5.2.9). */
function reportNotLinkLocal({ block, name, report, strict, family }: InstanceContext, first: HostAddress | undefined): void {
  if (!strict || family !== 'inet6' || first === undefined || isLinkLocal(first.address)) return;
  report('virtual-address-not-link-local', placeOf(block, 'virtual_ipaddress'), { name });
}

/** `no_virtual_ipaddress`, which strict mode does not allow. */
function isNoneWanted({ block, name, report, strict }: InstanceContext): boolean {
  if (!has(block, 'no_virtual_ipaddress')) return false;
  if (strict) report('no-virtual-address-strict-mode', placeOf(block, 'no_virtual_ipaddress'), { name });
  return !strict;
}

function reportNone({ block, name, report, strict, version }: InstanceContext): boolean {
  const needed = version === 3 || strict;
  report('virtual-address-missing', placeOf(block, 'virtual_ipaddress'), { name, need: needed ? 'required' : 'sensible' });
  return !needed;
}

/** Does an authentication trailer follow the addresses in an advert? */
const signs = (block: Values): boolean =>
  blocksOf(block, 'auth_hmac').some((hmac) => has(hmac, 'active_key') && textOf(hmac, 'mode') !== 'receive-only');

export function buildVirtualAddresses(context: InstanceContext, names: NumberNames): VirtualAddresses {
  const { block, name, family, report } = context;
  if (has(block, 'native_ipv6') && family === 'inet') report('native-ipv6-with-ipv4', placeOf(block, 'native_ipv6'), { name });
  const all = ofFamily(context, names);
  const excluded = read(linesOf(block, 'virtual_ipaddress_excluded'), context, names).map(plain);
  reportNotLinkLocal(context, all[0]);
  const noneWanted = isNoneWanted(context);
  const usable = all.length > 0 || noneWanted || reportNone(context);
  const most = ADDRESSES_MAX[family] - (signs(block) ? TRAILER_ADDRESSES[family] : 0);
  if (all.length > most) report('virtual-addresses-many', placeOf(block, 'virtual_ipaddress'), { name, count: all.length, max: most });
  return { addresses: all.slice(0, most), excludedAddresses: [...all.slice(most), ...excluded], usable };
}
