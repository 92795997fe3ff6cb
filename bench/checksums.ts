// One's complement sums, of which the checksums of IP, TCP and UDP are made.

/** Sum of big-endian 16-bit words. */
export const sumWords = (view: DataView, from: number, to: number): number => {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += view.getUint16(at);
  return sum;
};

/** The checksum for a sum. */
export const fold = (sum: number): number => {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
};
