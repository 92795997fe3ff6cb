// Whether new connections pass the host's packet filter before they are balanced, as the tables have it: what `weir load --firewall` chose, what
// was decided where it chose `auto`, and the flag of each service that the programs read.
import type { ServiceKey } from '../../../model/service.js';
import type { Field } from '../../../sys/bpf/records.js';
import type { FirewallMode } from '../../director.js';
import { Abi, Conf, WeirState } from '../abi.gen.js';
import { specOfService } from './identity.js';
import { hasMarks } from './marks.js';
import { changeServiceFlags, readServiceWord } from './service-word.js';
import type { Tables } from './tables.js';

/** What the host has by this mode: with `auto`, honour where a rule may drop packets for a service. 0: nothing was chosen. */
const NUMBERS = { auto: 0, honour: 1, fast: 2, autoHonour: 3 } as const;

const byteOf = (field: Field, at: number): Field => ({ at: field.at + at, size: 1, count: 1 });
/** Bytes of one number, as the programs' header has it. */
export const ATTACH_MODE = byteOf(Conf.attachMode, 0);
const MODE = byteOf(Conf.attachMode, 1);

/** Are new connections to pass the packet filter? */
export function asksFirewall({ conf }: Tables): boolean {
  const mode = conf.get(0, MODE);
  return mode === NUMBERS.honour || mode === NUMBERS.autoHonour;
}

export function firewallMode({ conf }: Tables): FirewallMode {
  const mode = conf.get(0, MODE);
  return mode === NUMBERS.honour ? 'honour' : mode === NUMBERS.fast ? 'fast' : 'auto';
}

/** With `auto`, what was in force stays until it is decided. */
export function setFirewallMode(tables: Tables, mode: FirewallMode): void {
  const auto = asksFirewall(tables) ? NUMBERS.autoHonour : NUMBERS.auto;
  tables.conf.set(0, MODE, mode === 'auto' ? auto : NUMBERS[mode]);
}

/** With `auto`: are new connections to pass the packet filter? */
export function decideForFirewall({ conf }: Tables, passes: boolean): void {
  conf.set(0, MODE, passes ? NUMBERS.autoHonour : NUMBERS.auto);
}

const numbersOf = ({ conf }: Tables): readonly number[] => Array.from({ length: conf.get(0, Conf.serviceTop) }, (_, at) => at + 1);

type AddressKey = Extract<ServiceKey, { readonly kind: 'address' }>;

/** The living services that are no firewall mark's. */
export function servicesByAddress(tables: Tables): readonly { readonly id: number; readonly key: AddressKey }[] {
  return numbersOf(tables).flatMap((id) => {
    if (readServiceWord(tables.services, id).state !== WeirState.LIVE) return [];
    const { key } = specOfService(tables.services, id);
    return key.kind === 'address' ? [{ id, key }] : [];
  });
}

/** Do the programs pass its new connections to the packet filter? */
const passesFirewall = ({ services }: Tables, id: number): boolean => (readServiceWord(services, id).flags & Abi.SVC_FIREWALL) !== 0;

/** Does any? */
export const anyPassesFirewall = (tables: Tables): boolean => numbersOf(tables).some((id) => passesFirewall(tables, id));

/** Is the way by the packet filter wanted, or still there? */
export const hasFirewallPath = (tables: Tables): boolean => asksFirewall(tables) || anyPassesFirewall(tables);

/** Do packets of IPv6 go by weir's pair? */
export const pairHasIpv6 = (tables: Tables): boolean =>
  hasMarks(tables, 'inet6') || (hasFirewallPath(tables) && servicesByAddress(tables).some(({ key }) => key.address.family === 'inet6'));

/** Stores the flag in the services by an address, or takes it from all. */
export function markForFirewall(tables: Tables, passes: boolean): void {
  const { services } = tables;
  const wanted = new Set(passes ? servicesByAddress(tables).map(({ id }) => id) : []);
  for (const id of numbersOf(tables)) {
    changeServiceFlags(services, id, (flags) => (wanted.has(id) ? flags | Abi.SVC_FIREWALL : flags & ~Abi.SVC_FIREWALL));
  }
}
