// VRIDs that meet: twice on one node, or two pairs on one network.
import { formatAddress } from '../../../model/address-text.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { found, type LintRule, type LintVerdict } from './finding.js';
import { addressesOf, peersOf } from './peers.js';
import { instancePlace, placeText } from './place.js';

const TWICE: LintVerdict = {
  code: 'vrid-twice-on-one-node',
  level: 'error',
  meaning: 'Two instances of one node have the same VRID on one interface and group: they answer each other’s adverts.',
};
const PAIRS: LintVerdict = {
  code: 'two-pairs-on-one-vrid',
  level: 'error',
  meaning: 'Two pairs with different addresses use one VRID and multicast group: on one network they take each other for their peer.',
};
const MOVED: LintVerdict = {
  code: 'vrids-differ',
  level: 'error',
  meaning: 'Two nodes hold a virtual address under different VRIDs: both are master of it.',
};

/** What tells virtual routers of one host apart. */
const socketOf = ({ family, vrid, interface: device, unicast, multicastGroup }: VrrpInstance): string =>
  [family, vrid, device ?? '', unicast === undefined ? formatAddress(multicastGroup) : 'unicast'].join(' ');

const onOneNetwork = (a: VrrpInstance, b: VrrpInstance): boolean =>
  a.unicast === undefined && b.unicast === undefined && formatAddress(a.multicastGroup) === formatAddress(b.multicastGroup);

export const vrids: LintRule = {
  verdicts: [TWICE, PAIRS, MOVED],
  check: (nodes) => [
    ...nodes.flatMap((node) => {
      const first = new Map<string, VrrpInstance>();
      return node.configuration.instances.flatMap((instance) => {
        const earlier = first.get(socketOf(instance));
        if (earlier === undefined) {
          first.set(socketOf(instance), instance);
          return [];
        }
        const at = instancePlace(node, instance.name, 'virtual_router_id');
        const cause = `VRID ${instance.vrid} is ${earlier.name}'s on ${instance.interface ?? 'this host'}`;
        return [
          found(
            TWICE,
            at,
            `${instance.name} and ${earlier.name} are one virtual router`,
            cause,
            'give one of them another virtual_router_id',
          ),
        ];
      });
    }),
    ...peersOf(nodes, true).flatMap(({ a, b, ours, theirs }) => {
      if (!onOneNetwork(ours, theirs)) return [];
      const at = instancePlace(a, ours.name, 'virtual_router_id');
      const cause = `VRID ${ours.vrid} is also ${theirs.name}'s at ${placeText(instancePlace(b, theirs.name, 'virtual_router_id'))}, which holds other addresses`;
      return [
        found(
          PAIRS,
          at,
          `${ours.name} meets another pair`,
          cause,
          'another virtual_router_id, mcast_dst_ip or network for one of the pairs',
        ),
      ];
    }),
    ...nodes.flatMap((a, index) =>
      nodes.slice(index + 1).flatMap((b) =>
        a.configuration.instances.flatMap((ours) => {
          const theirs = b.configuration.instances.find((one) => one.name === ours.name && one.family === ours.family);
          if (theirs === undefined || theirs.vrid === ours.vrid) return [];
          const shared = addressesOf(ours).filter((address) => addressesOf(theirs).includes(address));
          if (shared.length === 0) return [];
          const place = placeText(instancePlace(b, theirs.name, 'virtual_router_id'));
          const cause = `VRID ${ours.vrid} here, ${theirs.vrid} at ${place}; both hold ${shared.join(', ')}`;
          const at = instancePlace(a, ours.name, 'virtual_router_id');
          return [
            found(MOVED, at, `${ours.name} and its peer will both be master`, cause, 'write the same virtual_router_id on both nodes'),
          ];
        }),
      ),
    ),
  ],
};
