// The weir pair: a veth of weir's own in the namespace. The FIB is asked as if packets came in by weir0, which forwards even
// where ip_forward is 0 (DR needs no forwarding). Answers to clients on the director itself come in by lo, which must accept the
// director's own addresses as sources: only lo does so under any rp_filter.

import { existsSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { writeSetting } from '../../../sys/files/sysctl.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { concat } from '../../../wire/bytes.js';
import { encodeAttributes, NetlinkFlag, type NetlinkRequest, nested, textAttribute } from '../../../wire/netlink.js';
import { RouteMessage } from '../../../wire/rtnetlink.js';
import { changeLink, decodeLink, deleteLink, dumpLinks, encodeLinkChange, type Link } from '../../../wire/rtnetlink-link.js';

export const PAIR = { near: 'weir0', far: 'weir1' } as const;
const VETH_PEER = 1;
const FAR_MAC = '02:77:65:69:72:01';

function addPair(): NetlinkRequest {
  const peer = { type: VETH_PEER, payload: encodeLinkChange({ name: PAIR.far, mac: FAR_MAC }) };
  const info = nested(18, [textAttribute(1, 'veth'), nested(2, [peer])]);
  const payload = concat(encodeLinkChange({ name: PAIR.near }), encodeAttributes([info]));
  return { type: RouteMessage.newLink, flags: NetlinkFlag.create | NetlinkFlag.exclusive, payload };
}

function settle(name: string, settings: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(settings)) {
    const path = `net/${key.replace('IF', name)}`;
    if (existsSync(`/proc/sys/${path}`)) writeSetting(path, value);
  }
}

/** Makes the pair where it is missing. Returns the two interface numbers. */
export function ensurePair(netlink: Netlink): { readonly near: number; readonly far: number } {
  const find = (links: readonly Link[], name: string): Link | undefined => links.find((link) => link.name === name);
  let links = netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
  if (find(links, PAIR.near) === undefined) {
    netlink.change(addPair(), `add the interfaces ${PAIR.near} and ${PAIR.far}`);
    links = netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
  }
  const [near, far] = [find(links, PAIR.near), find(links, PAIR.far)];
  if (near === undefined || far === undefined) throw new WeirError('weir-pair-broken', PAIR);
  for (const { ifindex, name } of [near, far]) {
    settle(name, { 'ipv6/conf/IF/disable_ipv6': '1', 'ipv4/conf/IF/rp_filter': '0', 'ipv4/conf/IF/arp_ignore': '8' });
    netlink.change(changeLink({ ifindex, up: true }), `set ${name} up`);
  }
  settle(PAIR.near, { 'ipv4/conf/IF/forwarding': '1' });
  settle('lo', { 'ipv4/conf/IF/accept_local': '1' });
  return { near: near.ifindex, far: far.ifindex };
}

export function removePair(netlink: Netlink): void {
  settle('lo', { 'ipv4/conf/IF/accept_local': '0' });
  const near = netlink.dump(dumpLinks(), decodeLink, 'list the interfaces').find((link) => link.name === PAIR.near);
  if (near !== undefined) netlink.change(deleteLink(near.ifindex), `remove ${PAIR.near}`);
}
