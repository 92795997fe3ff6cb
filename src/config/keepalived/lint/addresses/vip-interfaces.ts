// Virtual addresses on an interface that is not tracked: if it loses its carrier, the node stays master. (Without no_track, the interface
// of an address is tracked like the instance's own.)
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';
import { instancePlace } from '../place.js';
import { findingOf, type LintNode, type LintRule, type LintVerdict } from '../rule.js';

const UNTRACKED: LintVerdict = {
  code: 'vip-interface-not-tracked',
  severity: 'warning',
  meaning:
    'A virtual address on another interface than the instance’s (`dev`) has `no_track`, and nothing else tracks that interface: if it loses its carrier, the node stays master.',
};

/** Interfaces without a carrier to lose. */
const WITHOUT_CARRIER = /^(?:lo|dummy)\d*$/;

/** Interfaces whose failure changes the instance's state or priority: its own, those it tracks, and those of its sync group. */
function trackedInterfaces({ name, interface: own, track }: VrrpInstance, { configuration }: LintNode): readonly string[] {
  const groups = configuration.syncGroups.filter(({ members }) => members.includes(name));
  const groupPeers = configuration.instances.filter((one) => groups.some(({ members }) => members.includes(one.name)));
  const sets = [track, ...groups.map((group) => group.track), ...groupPeers.map((peer) => peer.track)];
  const tracked = sets.flatMap(({ interfaces }) => interfaces.map((one) => one.name));
  return [own, ...groupPeers.map((peer) => peer.interface), ...tracked].filter((one) => one !== undefined);
}

export const vipInterfaces: LintRule = {
  verdicts: [UNTRACKED],
  examine: (nodes) =>
    nodes.flatMap((node) =>
      node.configuration.instances.flatMap((instance) => {
        const { name, addresses, excludedAddresses } = instance;
        const others = new Set(
          [...addresses, ...excludedAddresses].flatMap(({ dev, noTrack }) => (dev === undefined || !noTrack ? [] : [dev])),
        );
        if (others.size === 0) return [];
        const tracked = [...addresses, ...excludedAddresses].flatMap(({ dev, noTrack }) => (dev === undefined || noTrack ? [] : [dev]));
        const seen = [...trackedInterfaces(instance, node), ...tracked];
        // A VLAN interface goes down with its parent interface.
        const missing = [...others].filter(
          (dev) => !WITHOUT_CARRIER.test(dev) && !seen.some((one) => one === dev || dev.startsWith(`${one}.`)),
        );
        if (missing.length === 0) return [];
        const cause = `${missing.join(', ')} may lose its carrier while adverts continue on ${instance.interface ?? 'another one'}`;
        const at = instancePlace(node, name, 'virtual_ipaddress', 'virtual_ipaddress_excluded');
        return [
          findingOf(
            UNTRACKED,
            at,
            `${name} does not track every interface of its addresses`,
            cause,
            `add track_interface { ${missing.join(' ')} }, or remove no_track`,
          ),
        ];
      }),
    ),
};
