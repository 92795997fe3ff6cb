// A tracker whose weight is too small to cause a failover.
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';
import { type Peers, peersOf } from '../peers.js';
import { instancePlace, placeText } from '../place.js';
import { findingOf, type LintNode, type LintRule, type LintVerdict } from '../rule.js';
import { priorityWith, scriptWeights } from './tracker-weights.js';

const SMALL: LintVerdict = {
  code: 'track-weight-too-small',
  severity: 'warning',
  meaning: 'A failed track script lowers the priority (or withholds a bonus), but not below the peer’s: the failing node stays master.',
};
const SWAP: LintVerdict = {
  code: 'track-weight-swaps-back',
  severity: 'warning',
  meaning:
    'A script’s positive weight raises the node of lower priority above the other even if the script succeeds on both: the wrong node is master.',
};

/** Scripts without `reverse`: their failure counts as failure. */
const plain = (instance: VrrpInstance, node: LintNode) => scriptWeights(instance, node).filter(({ reverse }) => !reverse);

function look({ a, b, ours, theirs }: Peers) {
  if (ours.priority <= theirs.priority || ours.priority === 255 || theirs.nopreempt) return [];
  const [mine, others] = [plain(ours, a), plain(theirs, b)];
  const [top, rival] = [priorityWith(ours.priority, mine), priorityWith(theirs.priority, others)];
  const place = placeText(instancePlace(b, theirs.name, 'track_script', 'priority'));
  if (rival > top) {
    const cause = `${top} when every script succeeds here, ${rival} at ${place}`;
    const fix = 'set the same weights on both nodes';
    return [
      findingOf(SWAP, instancePlace(a, ours.name, 'track_script', 'priority'), `${ours.name}: the peer will always be master`, cause, fix),
    ];
  }
  return mine.flatMap(({ name }) => {
    const failed = priorityWith(ours.priority, mine, [name]);
    if (failed < rival) return [];
    const cause = `${name} failed leaves priority ${failed}, the peer (${place}) has ${rival}`;
    const fix = `set a weight of more than ${top - rival}, or 0 (failure means FAULT)`;
    return [findingOf(SMALL, instancePlace(a, ours.name, 'track_script'), `${ours.name} stays master when ${name} fails`, cause, fix)];
  });
}

export const trackWeights: LintRule = {
  verdicts: [SMALL, SWAP],
  examine: (nodes) =>
    peersOf(nodes).flatMap((peers) => [...look(peers), ...look({ a: peers.b, b: peers.a, ours: peers.theirs, theirs: peers.ours })]),
};
