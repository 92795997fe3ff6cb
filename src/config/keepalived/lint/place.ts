// Finds places in a node's file.

import type { Origin, Values } from '../keyword.js';
import { allOf, blocksOf, lastOf, nameOf, textOf } from '../values/values.js';

/** A file and its values. */
export interface Placed {
  readonly file: string;
  readonly values: Values;
}

const startOf = ({ file }: Placed): Origin => ({ file, line: 1, column: 1 });

/** Blocks by `keyword name`, cached for each root: rules ask for every instance of files that may have tens of thousands. */
const named = new WeakMap<Values, ReadonlyMap<string, Values>>();

const KEYWORDS = ['vrrp_instance', 'vrrp_sync_group', 'vrrp_script', 'bfd_instance'] as const;

/** The block `keyword name { … }`; of several with one name, the last. */
function blockNamed({ values }: Placed, keyword: string, name: string): Values | undefined {
  const known = named.get(values);
  if (known !== undefined) return known.get(`${keyword} ${name}`);
  const blocks = new Map<string, Values>(
    KEYWORDS.flatMap((one) => blocksOf(values, one).map((block) => [`${one} ${nameOf(block)}`, block] as const)),
  );
  named.set(values, blocks);
  return blocks.get(`${keyword} ${name}`);
}

/** The place of a keyword in the block; else of the block, else of the file. */
export function placeIn(node: Placed, block: string, name: string, ...keywords: readonly string[]): Origin {
  const values = blockNamed(node, block, name);
  if (values === undefined) return startOf(node);
  for (const keyword of keywords) {
    const value = lastOf(values, keyword);
    if (value !== undefined) return value.at;
  }
  return values.at;
}

export const instancePlace = (node: Placed, name: string, ...keywords: readonly string[]): Origin =>
  placeIn(node, 'vrrp_instance', name, ...keywords);

/**
 * The block of a virtual server: the one with its label and its protocol. It cannot be found by index, because the model does not contain
 * dropped servers.
 */
function serverBlock({ values }: Placed, name: string): Values | undefined {
  const blocks = blocksOf(values, 'virtual_server').filter(({ label }) => {
    const [first, second] = label.map(({ text }) => text);
    if (first === 'fwmark') return name === `FWM ${second}`;
    return first === 'group' ? name === `[${second}]:0` : name.startsWith(`[${first}]:`) && name.endsWith(`:${second ?? 0}`);
  });
  const stated = /^\[.*\]:(\w+):\d+$/.exec(name)?.[1];
  return blocks.find((block) => textOf(block, 'protocol')?.toLowerCase() === stated) ?? blocks[0];
}

/** The place of a keyword of a virtual server; else of its block, else of the file. */
export function serverPlace(node: Placed, name: string, keyword?: string): Origin {
  const block = serverBlock(node, name);
  if (block === undefined) return startOf(node);
  return (keyword === undefined ? undefined : allOf(block, keyword)[0]?.at) ?? block.at;
}

/** The place of a keyword in global_defs, else of the file. */
export function globalPlace(node: Placed, keyword: string): Origin {
  for (const block of blocksOf(node.values, 'global_defs')) {
    const value = lastOf(block, keyword);
    if (value !== undefined) return value.at;
  }
  return startOf(node);
}

/** `file:line`, for use in a sentence. */
export const placeText = ({ file, line }: Origin): string => `${file}:${line}`;
