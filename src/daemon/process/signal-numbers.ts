// The signals that keepalived handles, by the names that `--signum` knows (keepalived(8)).

export type SignalFunction = 'STOP' | 'RELOAD' | 'DATA' | 'STATS' | 'STATS_CLEAR' | 'JSON';

/** Linux with glibc: SIGRTMIN is 34 to programs, SIGRTMAX 64. */
export const SIGNAL_NUMBERS: Readonly<Record<SignalFunction, number>> = {
  STOP: 15,
  RELOAD: 1,
  DATA: 10,
  STATS: 12,
  STATS_CLEAR: 63,
  JSON: 36,
};
