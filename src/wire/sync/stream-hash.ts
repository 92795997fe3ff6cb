// How words become 32 bits that depend on all of them, for digests of weir's own stream. Who knows it can make two that are the same: no safety depends on it.
/** A hash with one word more, as a signed number. */
export const mix = (hash: number, word: number): number => {
  const mixed = Math.imul(hash ^ word, 0x9e37_79b1);
  return mixed ^ (mixed >>> 15);
};

/** 32 bits of a text. */
export function textHash(text: string): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at++) hash = mix(hash, text.charCodeAt(at));
  return hash >>> 0;
}
