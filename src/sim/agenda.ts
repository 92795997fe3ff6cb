// Events in the order of time; events of the same time in the order in which they were added. A binary heap.

export interface Agenda<T> {
  readonly add: (atUs: number, what: T) => void;
  readonly next: () => { readonly atUs: number; readonly what: T } | undefined;
}

interface Entry<T> {
  readonly atUs: number;
  readonly order: number;
  readonly what: T;
}

export function agendaOf<T>(): Agenda<T> {
  const heap: Entry<T>[] = [];
  let entered = 0;
  const before = (a: Entry<T>, b: Entry<T>): boolean => a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);
  const add = (atUs: number, what: T): void => {
    const entry = { atUs, order: entered++, what };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  };
  const next = (): Entry<T> | undefined => {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  };
  return { add, next };
}
