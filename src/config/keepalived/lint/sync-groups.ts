// Members of a sync group whose order differs between the nodes pull their group to and fro.
import { found, type LintRule, type LintVerdict } from './finding.js';
import { type Peers, peersOf } from './peers.js';
import { placeIn, placeText } from './place.js';

const OSCILLATES: LintVerdict = {
  code: 'sync-group-oscillates',
  level: 'error',
  meaning: 'In a sync group one node is higher for one member, the other for another: each pulls the group back, for ever.',
};

const higher = ({ ours, theirs }: Peers): string =>
  ours.priority > theirs.priority ? 'here' : ours.priority < theirs.priority ? 'there' : 'equal';

export const syncGroups: LintRule = {
  verdicts: [OSCILLATES],
  check: (nodes) => {
    const peers = peersOf(nodes);
    return nodes.flatMap((node) =>
      node.configuration.syncGroups.flatMap((group) =>
        nodes
          .filter((other) => nodes.indexOf(other) > nodes.indexOf(node))
          .flatMap((other) => {
            const members = peers.filter(({ a, b, ours }) => a === node && b === other && group.members.includes(ours.name));
            const [here, there] = ['here', 'there'].map((side) =>
              members.find((one) => higher(one) === side && !one.ours.nopreempt && !one.theirs.nopreempt),
            );
            if (here === undefined || there === undefined) return [];
            const cause = `${here.ours.name} is higher here, ${there.ours.name} in ${other.file}`;
            const at = placeIn(node, 'vrrp_sync_group', group.name);
            const mend = `make one node higher for every member of ${group.name} (${placeText(at)})`;
            return [found(OSCILLATES, at, `sync group ${group.name} will not come to rest`, cause, mend)];
          }),
      ),
    );
  },
};
