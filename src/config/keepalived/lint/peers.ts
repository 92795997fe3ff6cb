// Which instances of two nodes are one virtual router.
import { formatAddress } from '../../../model/address-text.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { LintNode } from './finding.js';

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
 * Two pairs met on one VRID: their addresses have nothing in common and their names differ. (One pair whose lists have
 * come apart keeps its name.)
 */
export const isForeign = (a: VrrpInstance, b: VrrpInstance): boolean =>
  a.name !== b.name && a.addresses.length > 0 && b.addresses.length > 0 && !sharesAddress(a, b);

/** Of those with the VRID the one of that name, else that holds an address of ours, else the only one. */
function counterpart(ours: VrrpInstance, others: readonly VrrpInstance[]): VrrpInstance | undefined {
  const same = others.filter(({ vrid, family }) => vrid === ours.vrid && family === ours.family);
  const named = same.find(({ name }) => name === ours.name) ?? same.find((one) => sharesAddress(one, ours));
  return named ?? (same.length === 1 ? same[0] : undefined);
}

const twos = (nodes: readonly LintNode[]): readonly (readonly [LintNode, LintNode])[] =>
  nodes.flatMap((a, index) => nodes.slice(index + 1).map((b) => [a, b] as const));

/** Every virtual router that two nodes share by VRID; `foreign` ones too where asked. */
export function peersOf(nodes: readonly LintNode[], foreign = false): readonly Peers[] {
  return twos(nodes).flatMap(([a, b]) =>
    a.configuration.instances.flatMap((ours) => {
      const theirs = counterpart(ours, b.configuration.instances);
      return theirs !== undefined && isForeign(ours, theirs) === foreign ? [{ a, b, ours, theirs }] : [];
    }),
  );
}
