// Which of a part's peers and tests run: those that the command line names.

/** Those whose name contains one of the words, in any case of letters; without words all. */
export const chosen = <T extends { readonly name: string }>(all: readonly T[], words: readonly string[] | undefined): readonly T[] =>
  all.filter(({ name }) => words === undefined || words.some((word) => name.toLowerCase().includes(word.toLowerCase())));
