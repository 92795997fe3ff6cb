// Finds the instances of two nodes that form one virtual router.
import { formatAddress } from '../../../model/address-text.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { LintNode } from './rule.js';

/** One virtual router on two nodes. */
export interface Peers {
  readonly a: LintNode;
  readonly b: LintNode;
  readonly ours: VrrpInstance;
  readonly theirs: VrrpInstance;
}

export const addressesOf = ({ addresses }: VrrpInstance): readonly string[] => addresses.map(({ address }) => formatAddress(address));

const sharesAddress = (a: VrrpInstance, b: VrrpInstance): boolean => addressesOf(a).some((address) => addressesOf(b).includes(address));

/**
 * Do two different pairs share a VRID? They have no address in common and different names. (A pair whose lists of addresses differ still
 * has one name.)
 */
const isForeign = (a: VrrpInstance, b: VrrpInstance): boolean =>
  a.name !== b.name && a.addresses.length > 0 && b.addresses.length > 0 && !sharesAddress(a, b);

const keyOf = ({ family, vrid }: VrrpInstance): string => `${family} ${vrid}`;

/** A node's instances by family and VRID: files may have tens of thousands. */
function byVrid({ configuration }: LintNode): ReadonlyMap<string, readonly VrrpInstance[]> {
  const byKey = new Map<string, VrrpInstance[]>();
  for (const instance of configuration.instances) {
    const same = byKey.get(keyOf(instance));
    if (same === undefined) byKey.set(keyOf(instance), [instance]);
    else same.push(instance);
  }
  return byKey;
}

/** Of the instances with the VRID: the one of that name, else one that shares an address, else the only one. */
function counterpart(ours: VrrpInstance, same: readonly VrrpInstance[]): VrrpInstance | undefined {
  const named = same.find(({ name }) => name === ours.name) ?? same.find((one) => sharesAddress(one, ours));
  return named ?? (same.length === 1 ? same[0] : undefined);
}

const twos = (nodes: readonly LintNode[]): readonly (readonly [LintNode, LintNode])[] =>
  nodes.flatMap((a, index) => nodes.slice(index + 1).map((b) => [a, b] as const));

function allPeers(nodes: readonly LintNode[]): readonly Peers[] {
  return twos(nodes).flatMap(([a, b]) => {
    const others = byVrid(b);
    return a.configuration.instances.flatMap((ours) => {
      const theirs = counterpart(ours, others.get(keyOf(ours)) ?? []);
      return theirs === undefined ? [] : [{ a, b, ours, theirs }];
    });
  });
}

/** Cached, since every rule asks. */
const known = new WeakMap<readonly LintNode[], readonly Peers[]>();

/** Every virtual router that two nodes share by VRID; `foreign`: those where two pairs only share the VRID. */
export function peersOf(nodes: readonly LintNode[], foreign = false): readonly Peers[] {
  const peers = known.get(nodes) ?? allPeers(nodes);
  known.set(nodes, peers);
  return peers.filter(({ ours, theirs }) => isForeign(ours, theirs) === foreign);
}
