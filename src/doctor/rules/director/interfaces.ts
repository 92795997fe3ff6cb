// Interfaces that VIPs, servers or routers need and that carry nothing: down, unplugged, without ARP.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { counted } from '../../../model/counted.js';
import type { Finding } from '../../../model/finding.js';
import { addressId } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import { type Link, LinkFlag, LinkHardware } from '../../../wire/rtnetlink-link.js';
import type { DirectorFacts } from '../../facts.js';
import { contains, isCarrying, isUp, realServersOf, vipsOf } from '../../network.js';

export type Trouble = 'down' | 'no-carrier' | 'no-arp';

/** Why nothing goes through an Ethernet interface. */
export function troubleOf(iface: Link): Trouble | undefined {
  if (iface.hardware !== LinkHardware.ethernet) return undefined;
  if (!isUp(iface)) return 'down';
  if (!isCarrying(iface)) return 'no-carrier';
  return (iface.flags & LinkFlag.noArp) !== 0 && iface.mac !== undefined && NEEDS_ARP.has(iface.kind ?? 'card') ? 'no-arp' : undefined;
}

/** A dummy or a VRF has no ARP by its nature. */
const NEEDS_ARP = new Set(['card', 'veth', 'vlan', 'bond', 'bridge', 'macvlan', 'team', 'tun']);

/** What needs the interface: addresses in its subnets, or routes through it. */
function users(facts: DirectorFacts, ifindex: number): readonly Address[] {
  const nets = facts.addresses.filter((one) => one.ifindex === ifindex);
  const near = (address: Address): boolean => nets.some((net) => contains(net, address));
  const through = [...facts.paths, ...facts.clients.map(({ path }) => path)].filter((path) => path.ifindex === ifindex);
  const all = [
    ...vipsOf(facts.services).filter(near),
    ...realServersOf(facts.services).filter(near),
    ...through.map(({ to, gateway }) => gateway ?? to),
  ];
  return [...new Map(all.map((one) => [addressId(one), one])).values()];
}

const ON_TOP = new Set(['vlan', 'macvlan', 'macvtap', 'ipvlan']);

/** A VLAN or macvlan cannot be set up while the interface below it is down. */
export function upCommand({ interfaces }: Pick<DirectorFacts, 'interfaces'>, iface: Link): string {
  const lower = ON_TOP.has(iface.kind ?? '') ? interfaces.find(({ ifindex }) => ifindex === iface.lower) : undefined;
  const own = `ip link set ${shellWord(iface.name)} up`;
  return lower === undefined || isUp(lower) ? own : `${upCommand({ interfaces }, lower)}; ${own}`;
}

export function interfacesRule(facts: DirectorFacts): readonly Finding[] {
  return facts.interfaces.flatMap((iface): readonly Finding[] => {
    const trouble = troubleOf(iface);
    const [first, ...more] = trouble === undefined ? [] : users(facts, iface.ifindex);
    if (trouble === undefined || first === undefined) return [];
    const { name } = iface;
    const behind = `${formatAddress(first)}${more.length === 0 ? '' : ` and ${counted(more.length, 'more address', 'more addresses')}`}`;
    const severity = 'error';
    switch (trouble) {
      case 'down':
        return [
          { severity, code: 'interface-down', what: `${name} is down`, cause: `it leads to ${behind}`, fix: upCommand(facts, iface) },
        ];
      case 'no-carrier':
        return [
          {
            severity,
            code: 'interface-no-carrier',
            what: `${name} has no carrier`,
            cause: `either its cable is unplugged, or the other end is down; it leads to ${behind}`,
            advice: `plug it in, or set the other end up (ip -d link show ${shellWord(name)})`,
          },
        ];
      case 'no-arp':
        return [
          {
            severity,
            code: 'interface-no-arp',
            what: `ARP is off at ${name}`,
            cause: `this host neither asks for addresses there nor answers for its own; it leads to ${behind}`,
            fix: `ip link set ${shellWord(name)} arp on`,
          },
        ];
    }
  });
}
