// One case of lint's tests.
import type { LintNode } from '../../src/config/keepalived/lint/rule.js';

/** Texts of the nodes; `leavesBehind`: their daemon's -V and -I; `scripts`: the contents of script files. */
export interface LintCase {
  readonly code: string;
  readonly bad: readonly string[];
  readonly good: readonly string[];
  readonly leavesBehind?: LintNode['leavesBehind'];
  readonly goodLeavesBehind?: LintNode['leavesBehind'];
  readonly scripts?: Readonly<Record<string, string>>;
  /** The scripts of the good files, if they differ. */
  readonly goodScripts?: Readonly<Record<string, string>>;
  /** What is wrong with files of authorities, of the bad files only. */
  readonly troubles?: Readonly<Record<string, string>>;
  /** The line of the first file (or of the one named) that the finding points to. */
  readonly line?: number;
}
