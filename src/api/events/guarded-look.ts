// A look at the host that is repeated by a timer: what it throws must not end the process.

/** Of one piece, which is its end. */
const whole = (look: () => void): Iterator<void> => ({
  next: () => {
    look();
    return { done: true, value: undefined };
  },
});

/** `look` that throws nothing. `onFailure`: called for the first of equal failures that follow one another. */
export const guardedLook = (look: () => void, onFailure: (error: unknown) => void): (() => void) =>
  guardedPieces(() => whole(look), onFailure);

/** The same of a look that is made in pieces, with requests in between, until `isOver`. While one is under way no other one begins. */
export function guardedPieces(
  look: () => Iterator<void>,
  onFailure: (error: unknown) => void,
  isOver: () => boolean = () => false,
): () => void {
  let last: string | undefined;
  let underWay: Iterator<void> | undefined;
  const goOn = (pieces: Iterator<void>): void => {
    try {
      if (isOver()) return;
      if (pieces.next().done !== true) {
        setImmediate(goOn, pieces);
        return;
      }
      last = undefined;
    } catch (error) {
      const text = String(error);
      if (text !== last) onFailure(error);
      last = text;
    }
    underWay = undefined;
  };
  return () => {
    if (underWay !== undefined) return;
    underWay = look();
    goOn(underWay);
  };
}
