// A list of things that become due, each at its own time, as a tree of small arrays: each node has the earliest time of what is below it.
// Changes copy the paths from the root to the items, a node that lies on several of them once; all the rest is shared with the list before,
// which stays as it was. So a machine's state stays a value, which may be kept, compared and stepped again, and a step costs what it
// changes, however long the list is.

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

const timeOf = ({ dueAtUs }: Timed): number => dueAtUs ?? NEVER;

function earliest(times: readonly number[]): number {
  let found = NEVER;
  for (let at = 0; at < times.length; at++) found = Math.min(found, times[at] ?? NEVER);
  return found;
}

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
  return nodes[0] ?? leaf<Item>([], []);
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

/** An item that takes the place of the one with this index. */
export type Replacement<Item> = readonly [index: number, item: Item];

/** The list with other items in these places, whose indices rise. @throws Error for an index that is not in the list */
export function withItems<Item extends Timed>(list: TimedList<Item>, replacements: readonly Replacement<Item>[]): TimedList<Item> {
  return replacements.length === 0 ? list : replaced(list, 0, replacements, 0, replacements.length);
}

/** What lies below one node, which begins with the item `first`; of the replacements those from `begin` to before `end` are in it. */
function replaced<Item extends Timed>(
  list: TimedList<Item>,
  first: number,
  replacements: readonly Replacement<Item>[],
  begin: number,
  end: number,
): TimedList<Item> {
  const { span } = list;
  const placeOf = (at: number): number => {
    const index = replacements[at]?.[0] ?? Number.NaN;
    const place = Math.floor((index - first) / span);
    if (list.parts[place] === undefined) throw new Error(`the list has no item ${index}`);
    return place;
  };
  const times = list.times.slice();
  if (list.kind === 'leaf') {
    const items = list.parts.slice();
    for (let at = begin; at < end; at++) {
      const place = placeOf(at);
      const item = (replacements[at] as Replacement<Item>)[1];
      items[place] = item;
      times[place] = timeOf(item);
    }
    return leaf(items, times);
  }
  const parts = list.parts.slice();
  for (let at = begin; at < end; ) {
    const place = placeOf(at);
    let next = at + 1;
    while (next < end && placeOf(next) === place) next++;
    const part = replaced(parts[place] as TimedList<Item>, first + place * span, replacements, at, next);
    parts[place] = part;
    times[place] = part.earliestUs;
    at = next;
  }
  return branch(parts, times, span);
}

/** The `count`th smallest of these numbers, which it puts into another order; no more are sorted than need be (quickselect). */
function smallest(numbers: Float64Array, count: number): number {
  const at = (place: number): number => numbers[place] ?? NEVER;
  for (let [low, high] = [0, numbers.length - 1]; low < high; ) {
    const middle = at((low + high) >> 1);
    let [left, right] = [low, high];
    while (left <= right) {
      while (at(left) < middle) left++;
      while (at(right) > middle) right--;
      if (left > right) break;
      const swapped = at(left);
      numbers[left++] = at(right);
      numbers[right--] = swapped;
    }
    if (count - 1 <= right) high = right;
    else if (count - 1 >= left) low = left;
    else break;
  }
  return at(count - 1);
}

/** Notes what is due by then, in the order of the list. Parts in which nothing is due are not looked at. */
function noteDue(list: TimedList<unknown>, atUs: number, first: number, indices: number[], dueUs: number[]): void {
  const { times, span } = list;
  for (let at = 0; at < times.length; at++) {
    const us = times[at] ?? NEVER;
    if (us > atUs) continue;
    if (list.kind === 'branch') {
      noteDue(list.parts[at] as TimedList<unknown>, atUs, first + at * span, indices, dueUs);
      continue;
    }
    indices.push(first + at);
    dueUs.push(us);
  }
}

/** The indices of what is due by then, in the order of the list; of more than `max` those that were due first. */
export function dueBy(list: TimedList<unknown>, atUs: number, max: number): readonly number[] {
  const indices: number[] = [];
  const dueUs: number[] = [];
  noteDue(list, atUs, 0, indices, dueUs);
  if (indices.length <= max) return indices;
  const last = smallest(Float64Array.from(dueUs), max);
  return indices.filter((_, at) => (dueUs[at] ?? NEVER) <= last).slice(0, max);
}
