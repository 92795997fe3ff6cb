// Which interfaces the datapath is attached to, and by which hooks.
import type { TcAlone } from '../../../model/tc-alone.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { decodeLink, dumpLinks, type Link, LinkHardware } from '../../../wire/rtnetlink-link.js';
import { ATTACH_MODE } from '../table/firewall.js';
import type { Tables } from '../table/tables.js';
import type { Hook } from './attachments.js';
import { isIdleTunnel, isLayer3 } from './interface-record.js';
import { PAIR } from './pair.js';

/** auto: tc everywhere, and XDP in front of it on physical devices. */
export type AttachMode = 'auto' | 'tc' | 'xdp';
const ATTACH_MODES: readonly AttachMode[] = ['auto', 'tc', 'xdp'];

/** How interfaces are attached: what `weir load --attach` chose last. */
export function attachModeOf(tables: Tables): AttachMode {
  return ATTACH_MODES[tables.conf.get(0, ATTACH_MODE)] ?? 'auto';
}

export const setAttachMode = ({ conf }: Tables, mode: AttachMode): void => conf.set(0, ATTACH_MODE, ATTACH_MODES.indexOf(mode));

const PORT_OF = new Set(['bridge', 'bond', 'team', 'openvswitch']);

/** Not ports of a bridge or bond (their master is). An interface that is down is attached, too: it may come up without another command. */
export function isAttachable(link: Link): boolean {
  if (link.name === PAIR.near || link.name === PAIR.far) return false;
  if (link.masterKind !== undefined && PORT_OF.has(link.masterKind)) return false;
  if (isIdleTunnel(link)) return false;
  return link.hardware === LinkHardware.ethernet || link.hardware === LinkHardware.loopback || isLayer3(link);
}

/** Is it the device that marks lead to? */
export const isPairOfMarks = ({ name }: Link): boolean => name === PAIR.near;

/** Is it the device by which comes what the packet filter has accepted? */
export const isPairOfFirewall = ({ name }: Link): boolean => name === PAIR.far;

/** Their drivers have no XDP in any kernel: what is above, or beside, other devices. Of a bond its ports' drivers decide. */
const KINDS_WITHOUT_XDP: ReadonlySet<string> = new Set([
  ...['bridge', 'openvswitch', 'team', 'macvlan', 'macvtap', 'ipvlan', 'ipvtap', 'vrf', 'macsec', 'hsr', 'batadv'],
  ...['dummy', 'ifb', 'vxlan', 'geneve', 'gretap', 'ip6gretap', 'erspan', 'ip6erspan'],
]);

/** How many names a reason has. */
const NAMES_MAX = 3;

/**
 * Why an interface has tc alone, whatever the mode: it is a VLAN, or has VLANs on top. undefined: neither. A device takes the tag out of a frame before
 * XDP sees it, so that XDP below VLANs would take their packets for its own. One whose lower device is in another namespace is on none of these.
 */
function vlansOf(link: Link, links: readonly Link[]): string | undefined {
  if (link.kind === 'vlan') return 'it is a VLAN, for which no driver has XDP';
  const names = links.filter(({ kind, lower, peerNamespace }) => kind === 'vlan' && lower === link.ifindex && peerNamespace === undefined);
  if (names.length === 0) return undefined;
  const some = names.slice(0, NAMES_MAX).map(({ name }) => name);
  const more = names.length > NAMES_MAX ? [`${names.length - NAMES_MAX} more`] : [];
  return `it has VLANs on top (${[...some, ...more].join(', ')}), and the tag of a frame is taken out before XDP sees it`;
}

function obstacleOf(link: Link, links: readonly Link[]): Pick<TcAlone, 'why' | 'obstacle'> | undefined {
  const why = vlansOf(link, links);
  if (why !== undefined) return { why, obstacle: 'vlan' };
  if (link.kind === undefined || !KINDS_WITHOUT_XDP.has(link.kind)) return undefined;
  return { why: `no driver has XDP for interfaces of the kind ${link.kind}`, obstacle: 'kind' };
}

/** Does the mode want XDP there? */
function isWanted(link: Link, mode: AttachMode): boolean {
  if (link.hardware === LinkHardware.loopback || isLayer3(link)) return false;
  return mode === 'xdp' || (mode === 'auto' && link.kind === undefined);
}

/** The hooks of an interface that weir attaches to. `links`: all interfaces of the namespace. */
export function hooksOf(link: Link, links: readonly Link[], mode: AttachMode): readonly Hook[] {
  return isWanted(link, mode) && obstacleOf(link, links) === undefined ? ['ingress', 'egress', 'xdp'] : ['ingress', 'egress'];
}

/** Which interfaces the mode wants XDP for, and have tc alone on account of VLANs or of their kind. */
export const withoutXdp = (links: readonly Link[], mode: AttachMode): readonly TcAlone[] =>
  links.flatMap((link) => {
    const obstacle = isAttachable(link) && isWanted(link, mode) ? obstacleOf(link, links) : undefined;
    return obstacle === undefined ? [] : { what: link.name, ...obstacle };
  });

/** Does the mode want XDP on an interface of this namespace? */
export function wantsXdp(netlink: Netlink, mode: AttachMode): boolean {
  const links = netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
  return links.some((link) => isAttachable(link) && hooksOf(link, links, mode).includes('xdp'));
}
