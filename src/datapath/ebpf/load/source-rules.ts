// Whether a packet's source decides by which route it goes (`ip rule add from VIP`, IPv6 routes with a source), as with an uplink for each virtual
// address: the programs then keep a client's next hop for each virtual address that it gets replies from, else one for all of them.
import type { Family } from '../../../model/address.js';
import type { Field } from '../../../sys/bpf/records.js';
import type { PolicyRouting } from '../../../sys/netlink/policy-routing.js';
import { Conf } from '../abi.gen.js';
import { FAMILIES } from '../table/marks.js';
import type { Tables } from '../table/tables.js';

const FIELDS: Readonly<Record<Family, Field>> = { inet: Conf.sourceRules, inet6: Conf.sourceRules6 };

export interface SourceRules {
  readonly family: Family;
  readonly present: boolean;
}

/** The families of which the programs do not know how it is. */
export function sourceRulesChanged({ conf }: Tables, routing: PolicyRouting): readonly SourceRules[] {
  return FAMILIES.map((family) => ({ family, present: routing.bySource(family) })).filter(
    ({ family, present }) => (conf.get(0, FIELDS[family]) !== 0) !== present,
  );
}

/** Lets the programs know whether a family has rules or routes by source. */
export function recordSourceRules({ conf }: Tables, { family, present }: SourceRules): void {
  conf.set(0, FIELDS[family], present ? 1 : 0);
}
