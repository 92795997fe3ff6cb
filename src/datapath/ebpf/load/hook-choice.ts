// Which interfaces the datapath is attached to, and by which hooks.
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { decodeLink, dumpLinks, type Link, LinkHardware } from '../../../wire/rtnetlink-link.js';
import type { Hook } from './attachments.js';
import { isIdleTunnel, isLayer3 } from './interface-record.js';
import { PAIR } from './pair.js';

/** auto: tc everywhere, and XDP in front of it on physical devices. */
export type AttachMode = 'auto' | 'tc' | 'xdp';

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

/** Devices remove VLAN tags from frames before XDP sees them: below VLANs, XDP cannot know the VLAN of a frame. */
function carriesVlans(link: Link, links: readonly Link[]): boolean {
  return links.some(({ kind, lower }) => kind === 'vlan' && lower === link.ifindex);
}

/** The hooks of an interface that weir attaches to. `links`: all interfaces of the namespace. */
export function hooksOf(link: Link, links: readonly Link[], mode: AttachMode): readonly Hook[] {
  if (link.hardware === LinkHardware.loopback || isLayer3(link) || mode === 'tc') return ['ingress', 'egress'];
  const physical = link.kind === undefined && !carriesVlans(link, links);
  return mode === 'xdp' || physical ? ['ingress', 'egress', 'xdp'] : ['ingress', 'egress'];
}

/** Does the mode want XDP on an interface of this namespace? */
export function wantsXdp(netlink: Netlink, mode: AttachMode): boolean {
  const links = netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
  return links.some((link) => isAttachable(link) && hooksOf(link, links, mode).includes('xdp'));
}
