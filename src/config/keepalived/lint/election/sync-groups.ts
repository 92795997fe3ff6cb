// Members of a sync group with a different order of priorities on the two nodes: the group moves back and forth.
import type { Address } from '../../../../model/address.js';
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';
import { type Peers, peersOf } from '../peers.js';
import { instancePlace, placeIn, placeText } from '../place.js';
import { findingOf, type LintFinding, type LintNode, type LintRule, type LintVerdict } from '../rule.js';

const OSCILLATES: LintVerdict = {
  code: 'sync-group-oscillates',
  severity: 'error',
  meaning:
    'In a sync group, one node has the higher priority for one member, the other node for another: the group moves back and forth for ever.',
};
const TIE: LintVerdict = {
  code: 'sync-group-tie',
  severity: 'warning',
  meaning:
    'Two nodes have the same priority for a member of a sync group: after a time with two masters, the addresses decide for each member; if they decide differently for two members, the group moves back and forth for ever.',
};

/** The source address of a node's adverts, as far as the files show: its own setting, or the other node's only peer. */
const sourceOf = (own: VrrpInstance, other: VrrpInstance): Address | undefined =>
  own.sourceAddress ?? (other.unicast?.peers.length === 1 ? other.unicast.peers[0]?.address : undefined);

/** Of two masters, the node that stays: the one with the higher priority; with equal ones, the one with the higher address. */
function winner({ ours, theirs }: Peers): 'here' | 'there' | 'unknown' {
  if (ours.priority !== theirs.priority) return ours.priority > theirs.priority ? 'here' : 'there';
  const [here, there] = [sourceOf(ours, theirs), sourceOf(theirs, ours)];
  const order = here?.words.map((word, at) => word - (there?.words[at] ?? word)).find((difference) => difference !== 0) ?? 0;
  return order === 0 ? 'unknown' : order > 0 ? 'here' : 'there';
}

const isTie = ({ ours, theirs }: Peers): boolean => ours.priority === theirs.priority;

/** A single member cannot disagree; without preemption a lower master stays, and only ties are resolved. */
function compareGroup(node: LintNode, name: string, members: readonly Peers[]): readonly LintFinding[] {
  const settled = members.filter((one) => isTie(one) || (!one.ours.nopreempt && !one.theirs.nopreempt));
  const [here, there] = (['here', 'there'] as const).map((side) => settled.find((one) => winner(one) === side));
  const at = placeIn(node, 'vrrp_sync_group', name);
  if (here !== undefined && there !== undefined) {
    const why = (one: Peers): string => (isTie(one) ? ' by address' : '');
    const cause = `${here.ours.name} is higher here${why(here)}, ${there.ours.name} in ${there.b.file}${why(there)}`;
    const fix = `make one node higher for every member of ${name} (${placeText(at)})`;
    return [findingOf(OSCILLATES, at, `sync group ${name} moves back and forth`, cause, fix)];
  }
  const tie = members.find((one) => winner(one) === 'unknown');
  if (tie === undefined || members.length < 2) return [];
  const { ours, theirs, b } = tie;
  const place = placeText(instancePlace(b, theirs.name, 'priority', 'state'));
  const cause = `${ours.name} has priority ${ours.priority} here and at ${place}: of two masters, the address decides for each member separately`;
  return [findingOf(TIE, at, `sync group ${name} may move back and forth`, cause, 'give one node the higher priority for every member')];
}

export const syncGroups: LintRule = {
  verdicts: [OSCILLATES, TIE],
  examine: (nodes) => {
    const peers = peersOf(nodes);
    return nodes.flatMap((node) =>
      node.configuration.syncGroups.flatMap((group) =>
        nodes
          .filter((other) => nodes.indexOf(other) > nodes.indexOf(node))
          .flatMap((other) =>
            compareGroup(
              node,
              group.name,
              peers.filter(({ a, b, ours }) => a === node && b === other && group.members.includes(ours.name)),
            ),
          ),
      ),
    );
  },
};
