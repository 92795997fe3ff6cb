// Finds the places of names that the built configuration stores without a place.
import type { Origin, Values, Word } from '../keyword.js';
import { blocksOf, linesOf, lineWords, nameOf } from './values.js';

/** Blocks of one kind by name; of two with one name, the first. */
export function blocksByName(root: Values, keyword: string): ReadonlyMap<string, Values> {
  return new Map([...blocksOf(root, keyword)].reverse().map((block) => [nameOf(block), block]));
}

/** The place of a name in a block: the word itself in any of its lines, else the block. */
export function placeOfName(block: Values, name: string): Origin {
  const found = (words: readonly Word[]): Origin | undefined => words.find((word) => word.text === name)?.at;
  for (const [keyword, values] of block.of) {
    for (const { value, at } of values) {
      if (value === name) return at;
      const lists = Array.isArray(value) ? value : [];
      if (lists.length === 0) continue;
      const place =
        'keyword' in (lists[0] as object)
          ? linesOf(block, keyword)
              .map(lineWords)
              .map(found)
              .find((where) => where !== undefined)
          : found(lists as Word[]);
      if (place !== undefined) return place;
    }
  }
  return block.at;
}
