// Finds places in a node's file.

import type { Origin, Values } from '../keyword.js';
import { allOf, blocksOf, lastOf, nameOf } from '../values/values.js';
import type { LintNode } from './rule.js';

const startOf = (node: LintNode): Origin => ({ file: node.file, line: 1, column: 1 });

/** Blocks by `keyword name`, cached for each root: rules ask for every instance of files that may have tens of thousands. */
const named = new WeakMap<Values, ReadonlyMap<string, Values>>();

const KEYWORDS = ['vrrp_instance', 'vrrp_sync_group', 'vrrp_script', 'bfd_instance'] as const;

/** The block `keyword name { … }`; of several with one name, the last. */
function blockNamed({ values }: LintNode, keyword: string, name: string): Values | undefined {
  const known = named.get(values);
  if (known !== undefined) return known.get(`${keyword} ${name}`);
  const blocks = new Map<string, Values>(
    KEYWORDS.flatMap((one) => blocksOf(values, one).map((block) => [`${one} ${nameOf(block)}`, block] as const)),
  );
  named.set(values, blocks);
  return blocks.get(`${keyword} ${name}`);
}

/** The place of a keyword in the block; else of the block, else of the file. */
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

/** The virtual_server block with that label. It cannot be found by index, because the model does not contain dropped servers. */
export function serverPlace(node: LintNode, name: string, keyword?: string): Origin {
  const block = blocksOf(node.values, 'virtual_server').find(({ label }) => {
    const [first, second] = label.map(({ text }) => text);
    if (first === 'fwmark') return name === `FWM ${second}`;
    return first === 'group' ? name === second : name.startsWith(`[${first}]:`) && name.endsWith(`:${second ?? 0}`);
  });
  if (block === undefined) return startOf(node);
  return (keyword === undefined ? undefined : allOf(block, keyword)[0]?.at) ?? block.at;
}

/** The place of a keyword in global_defs, else of the file. */
export function globalPlace(node: LintNode, keyword: string): Origin {
  for (const block of blocksOf(node.values, 'global_defs')) {
    const value = lastOf(block, keyword);
    if (value !== undefined) return value.at;
  }
  return startOf(node);
}

/** `file:line`, for use in a sentence. */
export const placeText = ({ file, line }: Origin): string => `${file}:${line}`;
