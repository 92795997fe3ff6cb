// VLANs on a host's eth0, with one tag and with two: kernels of small machines have none.
import { noNamespaces } from '../support/netns-bed.js';
import { notWorking, type Skip } from '../support/probes.js';

const MAKE = 'ip link add eth0 type veth peer name far && ip link add link eth0 name eth0.9 type vlan proto 802.1ad id 9';

export const noVlans = (): Skip => noNamespaces() || notWorking('link-types', 'unshare', '--net', 'sh', '-c', MAKE);

/** The lines for ip(8) that make eth0.ID. */
export const taggedLines = (id: number): readonly string[] => [`link add link eth0 name eth0.${id} type vlan id ${id}`];

/** Those that make eth0.9.7. Frames with two tags, as between the customers of a provider: shorter packets, so that both have room. */
export const STACKED_LINES: readonly string[] = [
  'link add link eth0 name eth0.9 type vlan proto 802.1ad id 9',
  'link set eth0.9 up',
  'link add link eth0.9 name eth0.9.7 type vlan id 7',
  'link set eth0.9.7 mtu 1496',
];
