// What of a weir.yaml an engine does not have.

/** `where`: the keys of weir.yaml that lead to it. */
export interface EngineLoss {
  readonly where: string;
  readonly why: string;
}
export type ReportEngineLoss = (where: string, why: string) => void;

/** Each once, in their order. */
export function distinctLosses(losses: readonly EngineLoss[]): readonly EngineLoss[] {
  const seen = new Set<string>();
  return losses.filter(({ where, why }) => {
    const line = `${where}: ${why}`;
    return !seen.has(line) && seen.add(line);
  });
}
