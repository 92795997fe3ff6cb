// The section of a weir.yaml about VIPs: each by its address, with the interface that gets it.
import { formatAddress } from '../../model/address-text.js';
import { failure } from '../../model/errors/weir-error.js';
import { addressId } from '../../model/identity.js';
import { hostLength } from '../../model/subnet.js';
import type { WantedVip } from '../../model/vip.js';
import { canBeVip } from '../../model/vip-address.js';
import { byName, either, type Of, optional, type Placed, type Report, record, required, type Shape, scalar } from './shape.js';
import { parseSubnet } from './units.js';

/** IFNAMSIZ without its ending zero. */
const NAME_BYTES_MAX = 15;
const text = { type: 'string' } as const;

const isName = (given: string): boolean =>
  given.length > 0 && new TextEncoder().encode(given).length <= NAME_BYTES_MAX && !/[\s/]/.test(given);

const interfaceName = scalar('the name of an interface', text, (given) => (isName(given) && !given.includes(':') ? given : undefined));
const label = scalar('a label of an interface, such as eth0:1', text, (given) => (isName(given) ? given : undefined));

const vipRecord = record('a VIP', { interface: required(interfaceName), label: optional(label) });
type VipKeys = Partial<Of<typeof vipRecord>['value']>;

/** The name of an interface alone stands for a VIP with nothing else. */
const plainVip: Shape<Placed<VipKeys>> = {
  ...interfaceName,
  read(value, report) {
    const name = interfaceName.read(value, report);
    return name === undefined ? undefined : { value: { interface: name }, at: value.at };
  },
};
const vipShape: Shape<Placed<VipKeys>> = either(plainVip, vipRecord);

export const vipsShape = byName(/^[0-9A-Fa-f:.]+(?:\/[1-9][0-9]{0,2})?$/, vipShape);

/** Each address once. */
export function vipsOf(section: Of<typeof vipsShape>, report: Report): readonly WantedVip[] {
  const seen = new Set<string>();
  return section.flatMap(({ name, at, value }): readonly WantedVip[] => {
    const vip = parseSubnet(name);
    if (vip === undefined) {
      const expected = 'an address, with the length of its prefix or without, such as 192.0.2.1/24 or 2001:db8::1';
      report(at, failure('file-value', { expected, given: JSON.stringify(name), meant: undefined }));
    }
    const keys = value?.value;
    if (vip === undefined || keys?.interface === undefined) return [];
    const address = formatAddress(vip.address);
    if (!canBeVip(vip.address)) report(at, failure('vip-impossible', { address }));
    if (seen.has(addressId(vip.address))) report(at, failure('file-twice', { what: 'the VIP', name: address }));
    seen.add(addressId(vip.address));
    return [{ ...vip, interface: keys.interface, ...(keys.label === undefined ? {} : { label: keys.label }) }];
  });
}

/** The section as a value; empty: none. */
export const vipsTree = (vips: readonly WantedVip[]): Readonly<Record<string, unknown>> =>
  vips.length === 0
    ? {}
    : {
        vips: Object.fromEntries(
          vips.map(({ address, prefixLength, interface: name, label: own }) => [
            `${formatAddress(address)}${prefixLength === hostLength(address) ? '' : `/${prefixLength}`}`,
            own === undefined ? name : { interface: name, label: own },
          ]),
        ),
      };
