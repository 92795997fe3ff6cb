// Work that takes long, in pieces that each take a moment: a process with other work does that in between.

/** Made when it has gone on to its end. Between two pieces nothing is held open: it may be left there. */
export type Pieces<Made> = Generator<void, Made>;

/** For who has no other work. @throws what a piece throws */
export function atOnce<Made>(pieces: Pieces<Made>): Made {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}

/** `make` as the only piece. */
// biome-ignore lint/correctness/useYield: it has no end before its end
export function* onePiece<Made>(make: () => Made): Pieces<Made> {
  return make();
}
