// A look at the host that is repeated by a timer: what it throws must not end the process.
import { onePiece, type Pieces } from '../../model/pieces.js';

/** `look` that throws nothing. `onFailure`: called for the first of equal failures that follow one another. */
export const guardedLook = (look: () => void, onFailure: (error: unknown) => void): (() => void) =>
  guardedPieces(() => onePiece(look), onFailure);

/** The same of a look that is made in pieces, with requests in between, until `isOver`. While one is under way no other one begins. */
export function guardedPieces(
  look: () => Pieces<void>,
  onFailure: (error: unknown) => void,
  isOver: () => boolean = () => false,
): () => void {
  let last: string | undefined;
  let underWay: Pieces<void> | undefined;
  const goOn = (pieces: Pieces<void>): void => {
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
