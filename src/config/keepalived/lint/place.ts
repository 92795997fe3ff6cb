// Where in a node's file something stands.

import type { Origin, Values } from '../keyword.js';
import { allOf, blocksOf, lastOf, nameOf } from '../values/values.js';
import type { LintNode } from './finding.js';

const startOf = (node: LintNode): Origin => ({ file: node.file, line: 1, column: 1 });

/** Blocks by `keyword name`, for each root that was asked: rules ask for every instance of files that may have tens of thousands. */
const named = new WeakMap<Values, ReadonlyMap<string, Values>>();

const KEYWORDS = ['vrrp_instance', 'vrrp_sync_group', 'vrrp_script', 'bfd_instance'] as const;

/** The block `keyword name { … }`; the last one of that name. */
function blockNamed({ values }: LintNode, keyword: string, name: string): Values | undefined {
  const known = named.get(values);
  if (known !== undefined) return known.get(`${keyword} ${name}`);
  const blocks = new Map<string, Values>(
    KEYWORDS.flatMap((one) => blocksOf(values, one).map((block) => [`${one} ${nameOf(block)}`, block] as const)),
  );
  named.set(values, blocks);
  return blocks.get(`${keyword} ${name}`);
}

/** A keyword of the block, else the block, else the file. */
export function placeIn(node: LintNode, block: string, name: string, ...keywords: readonly string[]): Origin {
  const values = blockNamed(node, block, name);
  if (values === undefined) return startOf(node);
  for (const keyword of keywords) {
    const value = lastOf(values, keyword);
    if (value !== undefined) return value.at;
  }
  return values.at;
}

export const instancePlace = (node: LintNode, name: string, ...keywords: readonly string[]): Origin =>
  placeIn(node, 'vrrp_instance', name, ...keywords);

/** The n-th block of virtual_server: their names may repeat. Servers that were dropped are not counted by the model, hence the label. */
export function serverPlace(node: LintNode, name: string, keyword?: string): Origin {
  const block = blocksOf(node.values, 'virtual_server').find(({ label }) => {
    const [first, second] = label.map(({ text }) => text);
    if (first === 'fwmark') return name === `FWM ${second}`;
    return first === 'group' ? name === second : name.startsWith(`[${first}]:`) && name.endsWith(`:${second ?? 0}`);
  });
  if (block === undefined) return startOf(node);
  return (keyword === undefined ? undefined : allOf(block, keyword)[0]?.at) ?? block.at;
}

/** A keyword of global_defs, else the file. */
export function globalPlace(node: LintNode, keyword: string): Origin {
  for (const block of blocksOf(node.values, 'global_defs')) {
    const value = lastOf(block, keyword);
    if (value !== undefined) return value.at;
  }
  return startOf(node);
}

/** `file:line`, to name a place inside a sentence. */
export const placeText = ({ file, line }: Origin): string => `${file}:${line}`;
