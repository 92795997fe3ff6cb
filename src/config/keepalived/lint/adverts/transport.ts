// The two nodes of a virtual router do not reach each other: multicast on one and unicast on the other, different groups, missing peers.
import { formatAddress } from '../../../../model/address-text.js';
import { sameAddress } from '../../../../model/identity.js';
import { type Peers, peersOf } from '../peers.js';
import { instancePlace, placeText } from '../place.js';
import { findingOf, type LintFinding, type LintRule, type LintVerdict } from '../rule.js';

const MIXED: LintVerdict = {
  code: 'unicast-and-multicast',
  severity: 'error',
  meaning:
    'One node sends to its peers, the other to the multicast group: neither receives the other’s adverts, and both are master. keepalived does not report it.',
};
const GROUPS: LintVerdict = {
  code: 'multicast-groups-differ',
  severity: 'error',
  meaning: 'The nodes use different multicast groups: neither receives the other’s adverts, and both are master.',
};
const UNNAMED: LintVerdict = {
  code: 'unicast-peer-missing',
  severity: 'error',
  meaning: 'A node’s `unicast_src_ip` is not among the other’s `unicast_peer`: its adverts are not sent there, or not accepted.',
};
const SAME: LintVerdict = {
  code: 'same-source-address',
  severity: 'error',
  meaning:
    'Both nodes send from one address (`unicast_src_ip`, `mcast_src_ip`): the file was probably copied; one node does not have the address, or both receive their own adverts.',
};
const SELF: LintVerdict = {
  code: 'unicast-peer-is-self',
  severity: 'warning',
  meaning: 'A node lists its own address as a peer: the same list was probably copied to both nodes.',
};

function between({ a, b, ours, theirs }: Peers): readonly LintFinding[] {
  const at = instancePlace(a, ours.name, 'unicast_peer', 'mcast_dst_ip');
  const place = placeText(instancePlace(b, theirs.name, 'unicast_peer', 'mcast_dst_ip'));
  const both = `${ours.name} and its peer will both be master`;
  if ((ours.unicast === undefined) !== (theirs.unicast === undefined)) {
    const cause = ours.unicast === undefined ? `multicast here, unicast at ${place}` : `unicast here, multicast at ${place}`;
    return [findingOf(MIXED, at, both, cause, 'write unicast_peer on both nodes or on none')];
  }
  if (ours.unicast !== undefined) return [];
  if (sameAddress(ours.multicastGroup, theirs.multicastGroup)) return [];
  const cause = `group ${formatAddress(ours.multicastGroup)} here, ${formatAddress(theirs.multicastGroup)} at ${place}`;
  return [findingOf(GROUPS, at, both, cause, 'write the same vrrp_mcast_group4/6 or mcast_dst_ip on both nodes')];
}

function sameSource({ a, b, ours, theirs }: Peers): readonly LintFinding[] {
  const [here, there] = [ours.sourceAddress, theirs.sourceAddress];
  if (here === undefined || there === undefined || !sameAddress(here, there)) return [];
  const keywords = ['unicast_src_ip', 'mcast_src_ip'] as const;
  const cause = `${formatAddress(here)} here and at ${placeText(instancePlace(b, theirs.name, ...keywords))}`;
  const at = instancePlace(a, ours.name, ...keywords);
  return [
    findingOf(
      SAME,
      at,
      `${ours.name} sends from one address on both nodes`,
      cause,
      'use each node’s own address here, and the other’s in unicast_peer',
    ),
  ];
}

/** `theirs` must name the source address of `ours`; if `ours` does not set it, nothing is known. */
function unnamed({ a, b, ours, theirs }: Peers): readonly LintFinding[] {
  const source = ours.sourceAddress;
  if (source === undefined || ours.unicast === undefined || theirs.unicast === undefined) return [];
  if (theirs.sourceAddress !== undefined && sameAddress(source, theirs.sourceAddress)) return [];
  if (theirs.unicast.peers.some(({ address }) => sameAddress(address, source))) return [];
  const cause = `${formatAddress(source)} (${placeText(instancePlace(a, ours.name, 'unicast_src_ip'))}) is not in unicast_peer`;
  const at = instancePlace(b, theirs.name, 'unicast_peer');
  return [findingOf(UNNAMED, at, `${theirs.name} does not list its peer`, cause, `add ${formatAddress(source)} to unicast_peer`)];
}

export const transport: LintRule = {
  verdicts: [MIXED, GROUPS, SAME, UNNAMED, SELF],
  examine: (nodes) => [
    ...peersOf(nodes).flatMap((peers) => [
      ...between(peers),
      ...sameSource(peers),
      ...unnamed(peers),
      ...unnamed({ a: peers.b, b: peers.a, ours: peers.theirs, theirs: peers.ours }),
    ]),
    ...nodes.flatMap((node) =>
      node.configuration.instances.flatMap(({ name, unicast, sourceAddress }) => {
        if (sourceAddress === undefined || unicast?.peers.some(({ address }) => sameAddress(address, sourceAddress)) !== true) return [];
        const cause = `${formatAddress(sourceAddress)} is its own unicast_src_ip`;
        return [
          findingOf(
            SELF,
            instancePlace(node, name, 'unicast_peer'),
            `${name} lists itself as a peer`,
            cause,
            'remove it from unicast_peer',
          ),
        ];
      }),
    ),
  ],
};
