/** What a test must take down also when it fails or is interrupted: leaving by a signal alone would skip it. */
const SIGNALS = [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const;

let leaves = false;

/** Runs `work` when this process ends, by a signal too; the function that is returned takes that back. */
export function atExit(work: () => void): () => void {
  if (!leaves) {
    leaves = true;
    process.setMaxListeners(0);
    for (const [signal, number] of SIGNALS) process.once(signal, () => process.exit(128 + number));
  }
  process.once('exit', work);
  return () => void process.off('exit', work);
}
