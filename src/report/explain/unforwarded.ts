// What a mark leads to weir's own device the kernel forwards there: where forwarding is off, its routing drops the packet, uncounted.
import type { Family } from '../../model/address.js';
import { readSetting } from '../../sys/files/sysctl.js';
import { type Explanation, NOWHERE } from './explanation.js';

/** The sysctl that keeps the kernel from forwarding what comes by the device: of IPv6 that of all counts. Undefined: it forwards. */
export function unforwardedBy(device: string, family: Family): string | undefined {
  const path = family === 'inet' ? `net/ipv4/conf/${device}/forwarding` : 'net/ipv6/conf/all/forwarding';
  return readSetting(path) === '0' ? path.replaceAll('/', '.') : undefined;
}

/** `base`: as the packet would be balanced. `name`: the sysctl. */
export function explainUnforwarded(base: Explanation, name: string): Explanation {
  const effect =
    'the kernel forwards nothing that comes in there, nor to weir0, to which the mark leads (weir doctor: mark-forwarding-off)';
  return {
    ...base,
    ...NOWHERE,
    verdict: 'dropped',
    why: 'its mark leads it to weir0, and the kernel’s routing drops it before: weir does not get it, and does not count it',
    settings: [...base.settings.filter((one) => one.name === '-f'), { name, value: '0', effect }],
    uncertain: [],
  };
}
