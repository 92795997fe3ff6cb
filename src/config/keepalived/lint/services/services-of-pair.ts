// The two nodes of a pair balance different services.
import { formatAddress } from '../../../../model/address-text.js';
import { peersOf } from '../peers.js';
import { serverPlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const DIFFER: LintVerdict = {
  code: 'virtual-servers-differ',
  severity: 'warning',
  meaning:
    'A virtual server exists on one node of a pair only, or has other real servers on the other: after a failover, other servers serve it.',
};

export const servicesOfPair: LintRule = {
  verdicts: [DIFFER],
  examine: (nodes) => {
    const pairs = new Map(peersOf(nodes).map(({ a, b }) => [`${nodes.indexOf(a)} ${nodes.indexOf(b)}`, [a, b] as const]));
    return [...pairs.values()].flatMap(([a, b]) => {
      const [mine, others] = [a.configuration.virtualServers, b.configuration.virtualServers];
      const lone = (here: typeof mine, there: typeof mine, node: typeof a, other: typeof a) =>
        here
          .filter(({ name }) => !there.some((one) => one.name === name))
          .map(({ name }) =>
            findingOf(
              DIFFER,
              serverPlace(node, name),
              `${name} is on one node only`,
              `${other.file} has no such virtual_server`,
              'define it on both nodes',
            ),
          );
      const unlike = mine.flatMap((server) => {
        const other = others.find(({ name }) => name === server.name);
        const list = (one: typeof server): string =>
          one.realServers
            .map(({ address, port }) => `${formatAddress(address)} ${port}`)
            .sort()
            .join(', ');
        if (other === undefined || list(other) === list(server)) return [];
        const cause = `here ${list(server)}; in ${b.file} ${list(other)}`;
        return [
          findingOf(
            DIFFER,
            serverPlace(a, server.name, 'real_server'),
            `${server.name} has other real servers on the peer node`,
            cause,
            'write the same real servers on both nodes',
          ),
        ];
      });
      return [...lone(mine, others, a, b), ...lone(others, mine, b, a), ...unlike];
    });
  },
};
