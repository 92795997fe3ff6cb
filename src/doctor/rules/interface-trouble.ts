// Why nothing goes through an Ethernet interface, and the finding for it: of the director's interfaces and of a real server's.
import type { Finding } from '../../model/finding.js';
import { shellWord } from '../../model/shell-word.js';
import { type Link, LinkFlag, LinkHardware } from '../../wire/rtnetlink-link.js';
import { isCarrying, isUp } from '../network.js';

export type Trouble = 'down' | 'no-carrier' | 'no-arp';

/** A dummy or a VRF has no ARP by its nature. */
const NEEDS_ARP = new Set(['card', 'veth', 'vlan', 'bond', 'bridge', 'macvlan', 'team', 'tun']);

/** Undefined: packets go through it, or it is no Ethernet interface. */
export function troubleOf(iface: Link): Trouble | undefined {
  if (iface.hardware !== LinkHardware.ethernet) return undefined;
  if (!isUp(iface)) return 'down';
  if (!isCarrying(iface)) return 'no-carrier';
  return (iface.flags & LinkFlag.noArp) !== 0 && iface.mac !== undefined && NEEDS_ARP.has(iface.kind ?? 'card') ? 'no-arp' : undefined;
}

interface Host {
  readonly interfaces: readonly Link[];
}

const ON_TOP = new Set(['vlan', 'macvlan', 'macvtap', 'ipvlan']);

/** A VLAN or macvlan cannot be set up while the interface below it is down. */
function upCommand({ interfaces }: Host, iface: Link): string {
  const lower = ON_TOP.has(iface.kind ?? '') ? interfaces.find(({ ifindex }) => ifindex === iface.lower) : undefined;
  const own = `ip link set ${shellWord(iface.name)} up`;
  return lower === undefined || isUp(lower) ? own : `${upCommand({ interfaces }, lower)}; ${own}`;
}

export const NO_ARP_CAUSE = 'this host neither asks for addresses there nor answers for its own';

/** `use`: what the interface is needed for. */
export function troubleFinding(host: Host, iface: Link, trouble: Trouble, use: string): Finding {
  const { name } = iface;
  const severity = 'error';
  switch (trouble) {
    case 'down':
      return { severity, code: 'interface-down', what: `${name} is down`, cause: use, fix: upCommand(host, iface) };
    case 'no-carrier':
      return {
        severity,
        code: 'interface-no-carrier',
        what: `${name} has no carrier`,
        cause: `either its cable is unplugged, or the other end is down; ${use}`,
        advice: `plug it in, or set the other end up (ip -d link show ${shellWord(name)})`,
      };
    case 'no-arp':
      return {
        severity,
        code: 'interface-no-arp',
        what: `ARP is off at ${name}`,
        cause: `${NO_ARP_CAUSE}; ${use}`,
        fix: `ip link set ${shellWord(name)} arp on`,
      };
  }
}
