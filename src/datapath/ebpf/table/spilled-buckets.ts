// How many buckets of a connection table are so full that connections of theirs are in later ones: where many are, each look-up takes longer.
import { Abi } from '../abi.gen.js';
import { SLOT_WORDS, VALUE_WORD } from './living-slots.js';

const BUCKET_WORDS = Abi.BUCKET_SLOTS * SLOT_WORDS;
const SPILLED_HIGH = Number(Abi.V_SPILLED >> 32n);
/** A table of a million connections has far more: these are looked at, evenly over all of it. */
const SAMPLE = 4096;

/** `words`: of a table whose buckets have one line. Of a table with more than 4,096 buckets it is estimated. */
export function spilledBuckets(words: Uint32Array): number {
  const buckets = Math.floor(words.length / BUCKET_WORDS);
  const looked = Math.min(SAMPLE, buckets);
  let spilled = 0;
  for (let sample = 0; sample < looked; sample++) {
    const bucket = Math.floor((sample * buckets) / looked);
    if (((words[bucket * BUCKET_WORDS + VALUE_WORD + 1] ?? 0) & SPILLED_HIGH) !== 0) spilled += 1;
  }
  return looked === 0 ? 0 : Math.round((spilled * buckets) / looked);
}
