// A list of things that become due, each at its own time, as a tree of small arrays: each node has the earliest time of what is below it.
// A change copies the way from the root to one item; all the rest is shared with the list before, which stays as it was. So a machine's
// state stays a value, which may be kept, compared and stepped again, and a step costs what it changes, however long the list is.

interface Timed {
  /** Monotonic microseconds; undefined: it waits for no time. */
  readonly dueAtUs: number | undefined;
}

interface Leaf<Item> extends Timed {
  readonly kind: 'leaf';
  readonly items: readonly Item[];
}

interface Branch<Item> extends Timed {
  readonly kind: 'branch';
  readonly nodes: readonly TimedList<Item>[];
  /** How many items are below each of its nodes; the last one may have fewer. */
  readonly span: number;
}

/** `dueAtUs`: the earliest time of all items. */
export type TimedList<Item> = Leaf<Item> | Branch<Item>;

const WIDTH = 16;

function earliestUs(list: readonly Timed[]): number | undefined {
  let earliest: number | undefined;
  for (const { dueAtUs } of list) if (dueAtUs !== undefined && (earliest === undefined || dueAtUs < earliest)) earliest = dueAtUs;
  return earliest;
}

const isDue = ({ dueAtUs }: Timed, atUs: number): boolean => dueAtUs !== undefined && dueAtUs <= atUs;

const leaf = <Item extends Timed>(items: readonly Item[]): TimedList<Item> => ({ kind: 'leaf', items, dueAtUs: earliestUs(items) });

const branch = <Item extends Timed>(nodes: readonly TimedList<Item>[], span: number): TimedList<Item> => ({
  kind: 'branch',
  nodes,
  span,
  dueAtUs: earliestUs(nodes),
});

const inParts = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(list.length / WIDTH) }, (_, part) => list.slice(part * WIDTH, (part + 1) * WIDTH));

export function timedList<Item extends Timed>(items: readonly Item[]): TimedList<Item> {
  let nodes = inParts(items).map(leaf);
  for (let span = WIDTH; nodes.length > 1; span *= WIDTH) nodes = inParts(nodes).map((some) => branch(some, span));
  return nodes[0] ?? leaf([]);
}

/** All of them, in order. */
export const itemsOf = <Item>(list: TimedList<Item>): readonly Item[] => (list.kind === 'leaf' ? list.items : list.nodes.flatMap(itemsOf));

/** @throws Error for an index that is not in the list */
export function itemIn<Item>(list: TimedList<Item>, index: number): Item {
  if (list.kind === 'branch') return itemIn(nodeFor(list, index), index % list.span);
  const item = list.items[index];
  if (item === undefined) throw new Error(`the list has no item ${index}`);
  return item;
}

/** `count` items from `first` on. @throws Error where the list is shorter */
export const itemsFrom = <Item>(list: TimedList<Item>, first: number, count: number): readonly Item[] =>
  Array.from({ length: count }, (_, offset) => itemIn(list, first + offset));

function nodeFor<Item>({ nodes, span }: Branch<Item>, index: number): TimedList<Item> {
  const node = nodes[Math.floor(index / span)];
  if (node === undefined) throw new Error(`the list has no item ${index}`);
  return node;
}

/** The list with another item in this place. @throws RangeError for an index that is not in the list */
export function withItem<Item extends Timed>(list: TimedList<Item>, index: number, item: Item): TimedList<Item> {
  if (list.kind === 'leaf') return leaf(list.items.with(index, item));
  const { nodes, span } = list;
  return branch(nodes.with(Math.floor(index / span), withItem(nodeFor(list, index), index % span, item)), span);
}

/** The indices of what is due by then, in the order of the list. Parts in which nothing is due are not looked at. */
export function dueBy<Item extends Timed>(list: TimedList<Item>, atUs: number, first = 0): readonly number[] {
  if (!isDue(list, atUs)) return [];
  if (list.kind === 'leaf') return list.items.flatMap((item, index) => (isDue(item, atUs) ? first + index : []));
  return list.nodes.flatMap((node, index) => dueBy(node, atUs, first + index * list.span));
}
