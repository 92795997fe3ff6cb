// How long work computes, which other processes of a busy machine do not change much: for what must go with the size of its input.

/** Milliseconds that this process has had processors for while `work` ran. */
export function cpuTimeMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
