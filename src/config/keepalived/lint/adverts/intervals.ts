// The two nodes of a virtual router have different advert intervals, or only one uses fast mode.

import { peersOf } from '../peers.js';
import { instancePlace, placeText } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const SPLIT: LintVerdict = {
  code: 'intervals-differ',
  severity: 'error',
  meaning: 'VRRP version 2 with different `advert_int`: each drops the other’s adverts, and both are master.',
};
const FOLLOW: LintVerdict = {
  code: 'intervals-differ-v3',
  severity: 'warning',
  meaning:
    'VRRP version 3 with different `advert_int`: a backup uses its master’s interval, so failover takes a different time in each direction.',
};
const FAST: LintVerdict = {
  code: 'fast-mode-on-one-node',
  severity: 'warning',
  meaning: '`fast_advert_int` on one node only: the other neither sends nor expects the fast adverts.',
};

export const intervals: LintRule = {
  verdicts: [SPLIT, FOLLOW, FAST],
  examine: (nodes) =>
    peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
      const place = placeText(instancePlace(b, theirs.name, 'advert_int'));
      const findings = [];
      if (ours.advertUs !== theirs.advertUs && ours.version === theirs.version) {
        const cause = `advert_int ${ours.advertUs / 1e6} here, ${theirs.advertUs / 1e6} at ${place}`;
        const what =
          ours.version === 2 ? `${ours.name} and its peer will both be master` : `${ours.name} and its peer differ in advert_int`;
        const at = instancePlace(a, ours.name, 'advert_int');
        findings.push(findingOf(ours.version === 2 ? SPLIT : FOLLOW, at, what, cause, 'write the same advert_int on both nodes'));
      }
      if ((ours.fast === undefined) !== (theirs.fast === undefined)) {
        const [node, instance] = ours.fast === undefined ? [b, theirs] : [a, ours];
        const at = instancePlace(node, instance.name, 'fast_advert_int');
        const cause = 'the peer has no fast_advert_int';
        findings.push(
          findingOf(FAST, at, `only one node has the fast mode of ${instance.name}`, cause, 'write fast_advert_int on both nodes'),
        );
      }
      return findings;
    }),
};
