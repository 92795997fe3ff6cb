// Work that a process of the tests owes at its end, also where a signal ends it.
/** What a test must take down also when it fails or is interrupted: leaving by a signal alone would skip it. */
const SIGNALS = [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const;

const works = new Set<() => void>();
let leaves = false;

/** All of them, whichever fails: what one leaves behind is reported, and the others' is taken down all the same. */
function workOff(): void {
  for (const work of works) {
    try {
      work();
    } catch (error) {
      process.exitCode ||= 1;
      process.stderr.write(`at exit: ${error instanceof Error ? error.stack : String(error)}\n`);
    }
  }
}

/** Runs `work` when this process ends, by a signal too; the function that is returned takes that back. */
export function atExit(work: () => void): () => void {
  if (!leaves) {
    leaves = true;
    // The listeners stay: without them a second signal would end the process in the middle of `workOff`. node's test runner sends one
    // when it ends, which comes on top of one to the process group (timeout(1), a terminal's interrupt).
    for (const [signal, number] of SIGNALS) process.on(signal, () => process.exit(128 + number));
    // Its reader has gone: an error that is caught nowhere would end node's test runner without `exit`.
    process.stdout.on('error', () => process.exit(1));
    process.once('exit', workOff);
  }
  works.add(work);
  return () => void works.delete(work);
}
