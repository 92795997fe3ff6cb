// A list of things that become due, each at its own time, as a tree of small arrays: each node has the times of what is below it, and the
// earliest of them. A change copies the path from the root to one item; all the rest is shared with the list before, which stays as it was.
// So a machine's state stays a value, which may be kept, compared and stepped again, and a step costs what it changes, however long the
// list is.

interface Timed {
  /** Monotonic microseconds; undefined: it waits for no time. */
  readonly dueAtUs: number | undefined;
}

interface Node {
  /** Of each part, the earliest time in it; NEVER: none. */
  readonly times: readonly number[];
  readonly earliestUs: number;
  /** How many items are in each part; in the last one there may be fewer. */
  readonly span: number;
}

interface Leaf<Item> extends Node {
  readonly kind: 'leaf';
  readonly parts: readonly Item[];
}

interface Branch<Item> extends Node {
  readonly kind: 'branch';
  readonly parts: readonly TimedList<Item>[];
}

export type TimedList<Item> = Leaf<Item> | Branch<Item>;

const WIDTH = 16;
const NEVER = Number.POSITIVE_INFINITY;

function earliest(times: readonly number[]): number {
  let found = NEVER;
  for (const us of times) if (us < found) found = us;
  return found;
}

const timeOf = ({ dueAtUs }: Timed): number => dueAtUs ?? NEVER;

const leaf = <Item>(parts: readonly Item[], times: readonly number[]): TimedList<Item> => ({
  kind: 'leaf',
  parts,
  times,
  earliestUs: earliest(times),
  span: 1,
});

const branch = <Item>(parts: readonly TimedList<Item>[], times: readonly number[], span: number): TimedList<Item> => ({
  kind: 'branch',
  parts,
  times,
  earliestUs: earliest(times),
  span,
});

const grouped = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(list.length / WIDTH) }, (_, group) => list.slice(group * WIDTH, (group + 1) * WIDTH));

export function timedList<Item extends Timed>(items: readonly Item[]): TimedList<Item> {
  let nodes = grouped(items).map((some) => leaf(some, some.map(timeOf)));
  for (let span = WIDTH; nodes.length > 1; span *= WIDTH)
    nodes = grouped(nodes).map((some) =>
      branch(
        some,
        some.map(({ earliestUs }) => earliestUs),
        span,
      ),
    );
  return nodes[0] ?? leaf([], []);
}

/** The earliest time of all items. */
export const nextDueIn = ({ earliestUs }: TimedList<unknown>): number | undefined => (earliestUs === NEVER ? undefined : earliestUs);

/** All of them, in order. */
export const itemsOf = <Item>(list: TimedList<Item>): readonly Item[] => (list.kind === 'leaf' ? list.parts : list.parts.flatMap(itemsOf));

function partFor<Item>({ parts, span }: Branch<Item>, index: number): TimedList<Item> {
  const part = parts[Math.floor(index / span)];
  if (part === undefined) throw new Error(`the list has no item ${index}`);
  return part;
}

/** @throws Error for an index that is not in the list */
export function itemIn<Item>(list: TimedList<Item>, index: number): Item {
  if (list.kind === 'branch') return itemIn(partFor(list, index), index % list.span);
  const item = list.parts[index];
  if (item === undefined) throw new Error(`the list has no item ${index}`);
  return item;
}

/** `count` items from `first` on. @throws Error where the list is shorter */
export const itemsFrom = <Item>(list: TimedList<Item>, first: number, count: number): readonly Item[] =>
  Array.from({ length: count }, (_, offset) => itemIn(list, first + offset));

/** The list with another item in this place. @throws Error for an index that is not in the list */
export function withItem<Item extends Timed>(list: TimedList<Item>, index: number, item: Item): TimedList<Item> {
  if (list.kind === 'leaf') return leaf(list.parts.with(index, item), list.times.with(index, timeOf(item)));
  const changed = withItem(partFor(list, index), index % list.span, item);
  const at = Math.floor(index / list.span);
  return branch(list.parts.with(at, changed), list.times.with(at, changed.earliestUs), list.span);
}

/** Visits what is due by then, in the order of the list. Parts in which nothing is due are not looked at. */
function visitDue(list: TimedList<unknown>, atUs: number, first: number, visit: (index: number, dueAtUs: number) => void): void {
  for (let at = 0; at < list.times.length; at++) {
    const us = list.times[at] ?? NEVER;
    const part = list.kind === 'leaf' ? undefined : list.parts[at];
    if (us > atUs) continue;
    if (part === undefined) visit(first + at, us);
    else visitDue(part, atUs, first + at * list.span, visit);
  }
}

/** The indices of what is due by then, in the order of the list; of more than `max` those that were due first. */
export function dueBy(list: TimedList<unknown>, atUs: number, max: number): readonly number[] {
  const indices: number[] = [];
  const times: number[] = [];
  visitDue(list, atUs, 0, (index, us) => {
    indices.push(index);
    times.push(us);
  });
  if (indices.length <= max) return indices;
  const last = Float64Array.from(times).sort()[max - 1] ?? NEVER;
  return indices.filter((_, at) => (times[at] ?? NEVER) <= last).slice(0, max);
}
