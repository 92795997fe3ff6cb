// vrrp_strict turns off features that the configuration relies on.
import { blocksOf, has, nameOf } from '../../values/values.js';
import { instancePlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const UNREACHABLE: LintVerdict = {
  code: 'strict-vip-unreachable',
  severity: 'warning',
  meaning:
    '`vrrp_strict` (or `no_accept`) on a node that is not the address owner: the master drops packets to the virtual addresses, pings included.',
};
const AUTHENTICATION: LintVerdict = {
  code: 'strict-drops-authentication',
  severity: 'warning',
  meaning: '`vrrp_strict` ignores `authentication`: the adverts are not protected, and a peer without strict mode drops them.',
  replaces: ['auth-in-version-3', 'auth-in-strict-mode'],
};
const UNICAST: LintVerdict = {
  code: 'strict-with-unicast',
  severity: 'error',
  meaning: '`vrrp_strict` with `unicast_peer`: the RFCs do not define unicast, and keepalived refuses the instance when it starts.',
};

export const strict: LintRule = {
  verdicts: [UNREACHABLE, AUTHENTICATION, UNICAST],
  examine: (nodes) =>
    nodes.flatMap((node) => {
      const blocks = new Map(blocksOf(node.values, 'vrrp_instance').map((one) => [nameOf(one), one]));
      return node.configuration.instances.flatMap((instance) => {
        const { name } = instance;
        const block = blocks.get(name);
        const findings = [];
        if (!instance.accept && instance.priority !== 255 && instance.addresses.length > 0) {
          const cause = `${instance.strict ? 'strict mode' : 'no_accept'} and priority ${instance.priority}: only an owner (255) accepts packets to its virtual addresses`;
          const fix = instance.strict
            ? 'remove vrrp_strict, or add accept (VRRP version 3)'
            : 'remove no_accept, unless packets are only routed through this node';
          findings.push(
            findingOf(
              UNREACHABLE,
              instancePlace(node, name, 'no_accept', 'strict_mode'),
              `${name}: the virtual addresses do not answer`,
              cause,
              fix,
            ),
          );
        }
        if (instance.strict && block !== undefined && has(block, 'authentication') && instance.authentication.kind === 'none') {
          const cause = 'strict mode follows RFC 5798, which has no authentication';
          const at = instancePlace(node, name, 'authentication');
          findings.push(findingOf(AUTHENTICATION, at, `${name}: authentication is ignored`, cause, 'remove vrrp_strict or authentication'));
        }
        if (instance.strict && block !== undefined && has(block, 'unicast_peer')) {
          const at = instancePlace(node, name, 'unicast_peer');
          findings.push(
            findingOf(
              UNICAST,
              at,
              `${name}: strict mode does not allow unicast`,
              'vrrp_strict and unicast_peer are both set',
              'set strict_mode off in this instance',
            ),
          );
        }
        return findings;
      });
    }),
};
