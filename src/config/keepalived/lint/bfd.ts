// Harmful BFD sessions: with the VRRP peer itself, or between ends that never match.
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { BfdInstance } from '../../../model/keepalived/trackers.js';
import { peersOf } from './peers.js';
import { instancePlace, placeIn, placeText } from './place.js';
import { findingOf, type LintFinding, type LintNode, type LintRule, type LintVerdict } from './rule.js';

const WITH_PEER: LintVerdict = {
  code: 'bfd-with-peer',
  severity: 'warning',
  meaning:
    'An instance tracks, without a weight, a BFD session with its own VRRP peer: when the peer dies, the instance goes to FAULT itself, and no node has the virtual address.',
};
const NEVER_UP: LintVerdict = {
  code: 'bfd-never-up',
  severity: 'error',
  meaning:
    'The two ends of a BFD session do not match: both are `passive`, only one has `multihop`, or one sends a TTL below the other’s minimum (its `ttl` less its `max_hops`).',
};

const LOW_TTL: LintVerdict = {
  code: 'bfd-ttl-below-255',
  severity: 'warning',
  meaning:
    'A BFD session with a neighbour on the link sends with a TTL below 255 (over IPv6 the default is 64): routers that follow RFC 5881 §5 drop such packets, and the session never comes up.',
};

const localAddresses = ({ configuration: { bfds, instances } }: LintNode): readonly Address[] =>
  [...bfds.map(({ source }) => source), ...instances.map(({ sourceAddress }) => sourceAddress)].filter((address) => address !== undefined);

/** The other nodes with this virtual router, by their addresses as far as the files show. */
function peerAddresses(node: LintNode, instance: VrrpInstance, nodes: readonly LintNode[]): readonly Address[] {
  const others = peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
    if (a === node && ours === instance) return [b];
    return b === node && theirs === instance ? [a] : [];
  });
  return [...(instance.unicast?.peers ?? []).map(({ address }) => address), ...others.flatMap(localAddresses)];
}

/** Sessions whose failure alone causes FAULT. */
function decisive(node: LintNode, instance: VrrpInstance): readonly BfdInstance[] {
  const { bfds, syncGroups } = node.configuration;
  const groups = syncGroups.filter(({ members }) => members.includes(instance.name));
  return [instance, ...groups].flatMap(({ track }) =>
    track.bfds.flatMap((tracked) => {
      const session = bfds.find(({ name }) => name === tracked.name);
      if (session === undefined || (tracked.weight ?? session.weight) !== 0 || (tracked.reverse ?? session.reverse)) return [];
      return [session];
    }),
  );
}

function withPeer(node: LintNode, nodes: readonly LintNode[]): readonly LintFinding[] {
  if (node.configuration.bfds.length === 0) return [];
  return node.configuration.instances.flatMap((instance) => {
    const sessions = decisive(node, instance);
    const peers = sessions.length === 0 ? [] : peerAddresses(node, instance, nodes);
    return sessions
      .filter(({ neighbour }) => peers.some((peer) => sameAddress(peer, neighbour)))
      .map(({ name, neighbour }) =>
        findingOf(
          WITH_PEER,
          instancePlace(node, instance.name, 'track_bfd'),
          `${instance.name} goes to FAULT when its peer dies`,
          `BFD session ${name} is with ${formatAddress(neighbour)}, which is the VRRP peer, and has no weight`,
          'track a session with a router that both nodes need; VRRP itself notices that the peer is gone',
        ),
      );
  });
}

/** Why `to` never accepts packets of `from`. */
function refused(from: BfdInstance, to: BfdInstance): string | undefined {
  const least = to.maxHops < 0 || to.maxHops === 255 ? 0 : to.ttl - to.maxHops;
  return from.ttl < least ? `a TTL of ${from.ttl} is sent, but at least ${least} is required` : undefined;
}

function misfit(ours: BfdInstance, theirs: BfdInstance): string | undefined {
  if (ours.passive && theirs.passive) return 'both are passive, so neither starts the session';
  if (ours.multihop !== theirs.multihop) return 'only one has multihop: they use different ports';
  return refused(ours, theirs) ?? refused(theirs, ours);
}

const meets = (ours: BfdInstance, theirs: BfdInstance): boolean =>
  ours.source !== undefined &&
  theirs.source !== undefined &&
  sameAddress(ours.neighbour, theirs.source) &&
  sameAddress(theirs.neighbour, ours.source);

function neverUp(a: LintNode, b: LintNode): readonly LintFinding[] {
  return a.configuration.bfds.flatMap((ours) =>
    b.configuration.bfds
      .filter((theirs) => meets(ours, theirs))
      .flatMap((theirs) => {
        const cause = misfit(ours, theirs);
        if (cause === undefined) return [];
        const there = placeText(placeIn(b, 'bfd_instance', theirs.name));
        const what = `BFD session ${ours.name} (the other end: ${there}) never comes up`;
        return [
          findingOf(
            NEVER_UP,
            placeIn(a, 'bfd_instance', ours.name),
            what,
            cause,
            'set the same ttl, max_hops and multihop at both ends, and passive at one at most',
          ),
        ];
      }),
  );
}

function lowTtl(node: LintNode): readonly LintFinding[] {
  return node.configuration.bfds
    .filter(({ multihop, ttl }) => !multihop && ttl < 255)
    .map(({ name, neighbour, ttl }) =>
      findingOf(
        LOW_TTL,
        placeIn(node, 'bfd_instance', name),
        `BFD session ${name}: ${formatAddress(neighbour)} may refuse the packets`,
        `it sends a TTL of ${ttl}, and RFC 5881 requires 255 on one link`,
        'set ttl 255, and max_hops 0 if the neighbour also sends 255',
      ),
    );
}

export const bfd: LintRule = {
  verdicts: [WITH_PEER, NEVER_UP, LOW_TTL],
  examine: (nodes) => [
    ...nodes.flatMap(lowTtl),
    ...nodes.flatMap((node) => withPeer(node, nodes)),
    ...nodes.flatMap((a, index) => nodes.slice(index + 1).flatMap((b) => neverUp(a, b))),
  ],
};
