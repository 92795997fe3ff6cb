// VRIDs that collide: twice on one node, or used by two pairs on one network.
import { sameAddress } from '../../../../model/identity.js';
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';
import type { Values } from '../../keyword.js';
import { blocksOf, listOf, nameOf, numberOf, wordsOf } from '../../values/values.js';
import { addressesOf, peersOf } from '../peers.js';
import { instancePlace, placeText } from '../place.js';
import { findingOf, type LintFinding, type LintNode, type LintRule, type LintVerdict } from '../rule.js';

const TWICE: LintVerdict = {
  code: 'vrid-twice-on-one-node',
  severity: 'error',
  meaning: 'Two instances of one node have the same VRID on one interface: the second is not started.',
};
const PAIRS: LintVerdict = {
  code: 'two-pairs-on-one-vrid',
  severity: 'error',
  meaning:
    'Two pairs with different addresses use one VRID and multicast group: on one network each pair takes the other’s adverts for its own.',
};
const ELSEWHERE: LintVerdict = {
  code: 'vrid-used-by-other-pair',
  severity: 'info',
  meaning: 'The same, with addresses of different networks: harmless unless the networks share a link.',
};
const MOVED: LintVerdict = {
  code: 'vrids-differ',
  severity: 'error',
  meaning: 'Two nodes hold a virtual address under different VRIDs: both are master of it.',
};

const interfaceOf = (block: Values): string | undefined => wordsOf(block, 'interface')?.[0]?.text;

/** VRID, interface and family of a block as written: reading drops the second of two such blocks. */
function socketOf(block: Values): string {
  const six = [...listOf(block, 'virtual_ipaddress'), ...listOf(block, 'unicast_peer')].some(({ text }) => text.includes(':'));
  return [numberOf(block, 'virtual_router_id'), interfaceOf(block) ?? '', six].join(' ');
}

/** Blocks that were dropped because an earlier one is the same virtual router. */
function sameVrids(node: LintNode): readonly LintFinding[] {
  const first = new Map<string, string>();
  const started = new Set(node.configuration.instances.map(({ name }) => name));
  return blocksOf(node.values, 'vrrp_instance').flatMap((block) => {
    const name = nameOf(block);
    const earlier = first.get(socketOf(block));
    if (earlier === undefined) first.set(socketOf(block), name);
    if (earlier === undefined || started.has(name)) return [];
    const vrid = numberOf(block, 'virtual_router_id') ?? 0;
    const cause = `VRID ${vrid} is ${earlier}'s on ${interfaceOf(block) ?? 'this host'}; ${name} is not started`;
    const at = instancePlace(node, name, 'virtual_router_id');
    return [
      findingOf(TWICE, at, `${name} and ${earlier} are the same virtual router`, cause, 'give one of them another virtual_router_id'),
    ];
  });
}

/** Addresses with the same first 24 bits (IPv6: 64) are assumed to be on one network. */
const networksOf = ({ addresses }: VrrpInstance): readonly string[] =>
  addresses.map(({ address: { words } }) => (words.length === 1 ? (words[0] ?? 0) >>> 8 : words.slice(0, 2)).toString());

const shareNetwork = (a: VrrpInstance, b: VrrpInstance): boolean => networksOf(a).some((network) => networksOf(b).includes(network));

const onOneGroup = (a: VrrpInstance, b: VrrpInstance): boolean =>
  a.unicast === undefined && b.unicast === undefined && sameAddress(a.multicastGroup, b.multicastGroup);

export const vrids: LintRule = {
  verdicts: [TWICE, PAIRS, ELSEWHERE, MOVED],
  examine: (nodes) => [
    ...nodes.flatMap(sameVrids),
    ...peersOf(nodes, true).flatMap(({ a, b, ours, theirs }) => {
      if (!onOneGroup(ours, theirs)) return [];
      const verdict = shareNetwork(ours, theirs) ? PAIRS : ELSEWHERE;
      const at = instancePlace(a, ours.name, 'virtual_router_id');
      const cause = `VRID ${ours.vrid} is also ${theirs.name}'s at ${placeText(instancePlace(b, theirs.name, 'virtual_router_id'))}, which holds other addresses`;
      return [
        findingOf(
          verdict,
          at,
          `${ours.name} shares its VRID with another pair`,
          cause,
          'give one of the pairs another virtual_router_id, mcast_dst_ip or network',
        ),
      ];
    }),
    ...nodes.flatMap((a, index) =>
      nodes.slice(index + 1).flatMap((b) => {
        const others = new Map(b.configuration.instances.map((one) => [`${one.family} ${one.name}`, one]));
        return a.configuration.instances.flatMap((ours) => {
          const theirs = others.get(`${ours.family} ${ours.name}`);
          if (theirs === undefined || theirs.vrid === ours.vrid) return [];
          const shared = addressesOf(ours).filter((address) => addressesOf(theirs).includes(address));
          if (shared.length === 0) return [];
          const place = placeText(instancePlace(b, theirs.name, 'virtual_router_id'));
          const cause = `VRID ${ours.vrid} here, ${theirs.vrid} at ${place}; both hold ${shared.join(', ')}`;
          const at = instancePlace(a, ours.name, 'virtual_router_id');
          return [
            findingOf(MOVED, at, `${ours.name} and its peer will both be master`, cause, 'write the same virtual_router_id on both nodes'),
          ];
        });
      }),
    ),
  ],
};
