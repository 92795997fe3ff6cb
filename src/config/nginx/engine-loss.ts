// What of a weir.yaml an engine does not have.

/** `where`: the keys of weir.yaml that lead to it. */
export interface EngineLoss {
  readonly where: string;
  readonly why: string;
}
export type ReportEngineLoss = (where: string, why: string) => void;
