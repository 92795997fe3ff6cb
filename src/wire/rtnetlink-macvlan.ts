// Links on top of another one: macvlan and ipvlan (linux/if_link.h), made for virtual router MACs.
//
//     struct ifinfomsg (see rtnetlink-link.ts), then attributes: 1 MAC, 3 name, 5 the link below, 18 link info {1 kind,
//     2 data {1 mode, 2 flags, 7 length of a macvlan's broadcast queue, 9 its cutoff}}, 10 master, 27 group

import { concat, hostOrder16 } from './bytes.js';
import type { Mac } from './ethernet.js';
import { macBytes } from './ethernet.js';
import { encodeAttributes, NetlinkFlag, type NetlinkRequest, nested, textAttribute, u32Attribute } from './netlink.js';
import { RouteMessage } from './rtnetlink.js';

const MODE = 1;
const FLAGS = 2;
const BROADCAST_QUEUE_LENGTH = 7;
const BROADCAST_CUTOFF = 9;
const PRIVATE = 1;
const IPVLAN_L2 = 0;
const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;

export interface StackedLink {
  readonly name: string;
  /** The interface below. */
  readonly base: number;
  readonly group?: number;
  /** The VRF it belongs to. */
  readonly master?: number;
  readonly kind:
    | {
        readonly kind: 'macvlan';
        readonly mac: Mac;
        /** Frames; all macvlans of one interface share a queue, which has the longest length that any of them asks for. */
        readonly broadcastQueueLength: number;
        /**
         * Of all macvlans of one interface: a multicast group with more receivers among them is handed on through the queue; -1: none is.
         * Where the interface is promiscuous, as a veth below a macvlan is, any other value means all. Kernels before 6.5 ignore it.
         */
        readonly broadcastCutoff: number;
      }
    | { readonly kind: 'ipvlan'; readonly mode: 'bridge' | 'private' | 'vepa' };
}

/** A private macvlan (without traffic between siblings) or a layer-2 ipvlan. The kernel answers EEXIST, ENODEV. */
export function addStackedLink(link: StackedLink): NetlinkRequest {
  const { kind } = link;
  const data =
    kind.kind === 'macvlan'
      ? [
          u32Attribute(MODE, PRIVATE),
          u32Attribute(BROADCAST_QUEUE_LENGTH, kind.broadcastQueueLength),
          u32Attribute(BROADCAST_CUTOFF, kind.broadcastCutoff >>> 0),
        ]
      : [
          { type: MODE, payload: hostOrder16(IPVLAN_L2) },
          { type: FLAGS, payload: hostOrder16(IPVLAN_FLAGS[kind.mode]) },
        ];
  const attributes = [
    textAttribute(3, link.name),
    u32Attribute(5, link.base),
    ...(kind.kind === 'macvlan' ? [{ type: 1, payload: macBytes(kind.mac) }] : []),
    nested(18, [textAttribute(1, kind.kind), nested(2, data)]),
    ...(link.master === undefined ? [] : [u32Attribute(10, link.master)]),
    ...(link.group === undefined ? [] : [u32Attribute(27, link.group)]),
  ];
  return {
    type: RouteMessage.newLink,
    flags: NetlinkFlag.create | NetlinkFlag.exclusive,
    payload: concat(new Uint8Array(16), encodeAttributes(attributes)),
  };
}
