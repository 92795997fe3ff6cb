// VIP_CHECK where it shows nothing: the server then counts as up, whatever becomes of it.
import { formatAddress } from '../../../../model/address-text.js';
import { vipCheckObstacle } from '../../../../model/keepalived/vip-check.js';
import { serverPlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const NOTHING: LintVerdict = {
  code: 'vip-check-shows-nothing',
  severity: 'warning',
  meaning: 'A VIP_CHECK cannot be made for its real server, which therefore counts as up unless another check fails.',
};

export const vipChecks: LintRule = {
  verdicts: [NOTHING],
  examine: (nodes) =>
    nodes.flatMap((node) =>
      node.configuration.virtualServers.flatMap(({ name, realServers }) => {
        const found = realServers.flatMap(({ address, port, checkers }) =>
          checkers.flatMap(({ check, target }) => {
            const server = { address: target.address ?? address, port: target.port ?? port };
            const obstacle = check.kind === 'vip' ? vipCheckObstacle(check, server) : undefined;
            return obstacle === undefined ? [] : [{ server: `${formatAddress(address)} port ${port}`, obstacle }];
          }),
        );
        const [first] = found;
        if (first === undefined) return [];
        const cause = `${found.map(({ server }) => server).join(', ')}: ${first.obstacle}`;
        const fix = 'use another check for these servers';
        return [findingOf(NOTHING, serverPlace(node, name, 'real_server'), `${name}: VIP_CHECK cannot be made`, cause, fix)];
      }),
    ),
};
