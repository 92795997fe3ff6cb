// How a table's slots lie. Asked for each connection of a million: no division but of whole numbers, and no object.
import { SLOT_WORDS } from '../table/living-slots.js';

/** In words. `pieces`: what belongs to a slot besides, each of SLOT_WORDS, by its distance from the slot's first word. */
export interface SlotLayout {
  readonly bucketWords: number;
  readonly bucketSlots: number;
  readonly pieces: readonly number[];
}

/** A slot's first word. */
export function wordOfSlot({ bucketWords, bucketSlots }: SlotLayout, slot: number): number {
  const bucket = (slot / bucketSlots) >>> 0;
  return bucket * bucketWords + (slot - bucket * bucketSlots) * SLOT_WORDS;
}

/** The bucket that has this word. */
export const bucketOfWord = ({ bucketWords }: SlotLayout, at: number): number => (at / bucketWords) >>> 0;

/** The slot with this first word. */
export function slotOfWord(layout: SlotLayout, at: number): number {
  const bucket = bucketOfWord(layout, at);
  return bucket * layout.bucketSlots + (at - bucket * layout.bucketWords) / SLOT_WORDS;
}
