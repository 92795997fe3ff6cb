// What of a weir.yaml weir apply puts on a host, and a daemon that runs with the file does not: services without checks, and VIPs. Pure.

import { formatAddress } from '../../model/address-text.js';
import { someOf } from '../../model/counted.js';
import { addressId, serviceId } from '../../model/identity.js';
import { serviceWord } from '../../model/service-word.js';
import type { WantedVip } from '../../model/vip.js';
import { checkedServices, type WeirFile } from '../../model/weir-file.js';

/** What is there, by `serviceId` and `addressId`. */
export interface AppliedFacts {
  readonly services: ReadonlySet<string>;
  readonly addresses: ReadonlySet<string>;
}

/** What of a file is not there. `services`: as words. */
export interface MissingParts {
  readonly services: readonly string[];
  readonly vips: readonly Pick<WantedVip, 'address' | 'interface'>[];
}

/** Of one file: what is not there; at least one part. */
export interface NotApplied extends MissingParts {
  /** Of the weir.yaml, absolute. */
  readonly path: string;
}

const NAMED_MAX = 8;

const withoutChecks = (file: WeirFile) => {
  const checked = checkedServices(file);
  return (file.table?.services ?? []).filter(({ spec: { key } }) => !checked.has(serviceId(key)));
};

/** Has the file anything that weir apply alone puts on a host? */
export const needsApply = (file: WeirFile): boolean => withoutChecks(file).length > 0 || (file.vips ?? []).length > 0;

export function notApplied(file: WeirFile, { services, addresses }: AppliedFacts): MissingParts {
  const missing = withoutChecks(file).filter(({ spec: { key } }) => !services.has(serviceId(key)));
  return {
    services: missing.map(({ spec }) => serviceWord(spec.key)),
    vips: (file.vips ?? []).filter(({ address }) => !addresses.has(addressId(address))),
  };
}

export const missingWords = ({ services, vips }: MissingParts): readonly string[] => [
  ...services,
  ...vips.map(({ address, interface: name }) => `${formatAddress(address)} on ${name}`),
];

/** A line for the log; undefined: all is there. */
export function notAppliedText(path: string, missing: readonly string[]): string | undefined {
  if (missing.length === 0) return undefined;
  const what = someOf(missing, NAMED_MAX);
  return `${path}: not on this host, and weir run does not put it there: ${what} — fix: weir apply ${path} (at boot: weir-apply.service)`;
}
