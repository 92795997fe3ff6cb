// Parts that lines of several sections of the dump files have. Pure.

const SECOND_US = 1_000_000;

/** Whole seconds of a time in microseconds. */
export const wholeSeconds = (us: number): number => Math.floor(us / SECOND_US);

/** The lines that stand there under a condition. */
export const when = (condition: boolean, ...lines: readonly string[]): readonly string[] => (condition ? lines : []);

export const yesNo = (yes: boolean): string => (yes ? 'yes' : 'no');
