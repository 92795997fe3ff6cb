// A look at the host that is repeated by a timer: what it throws must not end the process.

/** `look` that throws nothing. `onFailure`: called for the first of equal failures that follow one another. */
export function guardedLook(look: () => void, onFailure: (error: unknown) => void): () => void {
  let last: string | undefined;
  return () => {
    try {
      look();
      last = undefined;
    } catch (error) {
      const text = String(error);
      if (text !== last) onFailure(error);
      last = text;
    }
  };
}
