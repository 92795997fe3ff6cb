// How many slots of a hash get another server by a change: the share of clients (of destinations for dh) whose next connection goes elsewhere.
import { destinationId } from '../../model/identity.js';
import { destinationRing, maglevRing, type Ring, type RingMember, sourceRing } from '../../model/rings/rings.js';
import type { DestinationSpec } from '../../model/service.js';

/** Slots whose server is another one, or none any more. */
export interface SlotShift {
  readonly moved: number;
  readonly of: number;
}

const BUILDERS: Readonly<Record<string, (members: readonly RingMember[]) => Ring>> = {
  dh: destinationRing,
  sh: sourceRing,
  mh: maglevRing,
};

/** A server with its last weight that was not 0: by that mh keeps the slots of one that is drained. */
interface Slotted {
  readonly spec: DestinationSpec;
  readonly lastWeight: number;
}

/** The servers after a change, newest first: those that stay in their places, those that come before them. */
function listAfter(before: readonly Slotted[], wanted: readonly DestinationSpec[]): readonly Slotted[] {
  const specs = new Map(wanted.map((spec) => [destinationId(spec), spec]));
  const there = new Set(before.map(({ spec }) => destinationId(spec)));
  const stay = before.flatMap(({ spec: { address, port }, lastWeight }) => {
    const spec = specs.get(destinationId({ address, port }));
    return spec === undefined ? [] : [{ spec, lastWeight: spec.weight === 0 ? lastWeight : spec.weight }];
  });
  const come = [...specs].flatMap(([id, spec]) => (there.has(id) ? [] : [{ spec, lastWeight: spec.weight }]));
  return [...come.toReversed(), ...stay];
}

/** The server of each slot, by its number; 0: none takes new connections there, unless a flag lets others do so. */
function slotsOf(build: (members: readonly RingMember[]) => Ring, list: readonly Slotted[], numberOf: (id: string) => number): Uint32Array {
  const ring = build(
    list.map(({ spec, lastWeight }) => ({
      id: numberOf(destinationId(spec)),
      weight: spec.weight,
      lastWeight,
      fold: spec.address.words.reduce((fold, word) => (fold ^ word) >>> 0, 0),
      port: spec.port,
    })),
  );
  const drained = new Set(list.flatMap(({ spec }) => (spec.weight === 0 ? [numberOf(destinationId(spec))] : [])));
  return ring.map((number) => (drained.has(number) ? 0 : number));
}

/** `before`: newest first. Undefined: the scheduler has no slots. */
export function slotShift(scheduler: string, before: readonly Slotted[], wanted: readonly DestinationSpec[]): SlotShift | undefined {
  const build = BUILDERS[scheduler];
  if (build === undefined) return undefined;
  const numbers = new Map<string, number>();
  const numberOf = (id: string): number => {
    const number = numbers.get(id) ?? numbers.size + 1;
    numbers.set(id, number);
    return number;
  };
  const from = slotsOf(build, before, numberOf);
  const to = slotsOf(build, listAfter(before, wanted), numberOf);
  return { moved: from.reduce((moved, number, slot) => moved + Number(number !== to[slot]), 0), of: from.length };
}
