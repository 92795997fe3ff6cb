/** What is made once for each object, which does not change: whoever reads again and again has the same objects for what did not change. */
export function madeOnce<Of extends object, Made>(make: (of: Of) => Made): (of: Of) => Made {
  const known = new WeakMap<Of, { readonly made: Made }>();
  return (of) => {
    const found = known.get(of);
    if (found !== undefined) return found.made;
    const made = make(of);
    known.set(of, { made });
    return made;
  };
}
