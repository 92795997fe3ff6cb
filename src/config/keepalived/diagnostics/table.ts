// The one table of what can be reported about a configuration: code, severity, text, hint. Diagnostics are recognised by their codes;
// their texts are not parsed.
import { bfdDiagnostics } from './bfd-diagnostics.js';
import { electionDiagnostics } from './election-diagnostics.js';
import { globalDiagnostics } from './global-diagnostics.js';
import { hostDiagnostics } from './host-diagnostics.js';
import { networkDiagnostics } from './network-diagnostics.js';
import type { DiagnosticRow } from './row.js';
import { textDiagnostics } from './text-diagnostics.js';
import { trackingDiagnostics } from './tracking-diagnostics.js';
import { valueDiagnostics } from './value-diagnostics.js';
import { virtualServerDiagnostics } from './virtual-server-diagnostics.js';
import { vrrpDiagnostics } from './vrrp-diagnostics.js';

export const diagnosticTable = {
  ...textDiagnostics,
  ...valueDiagnostics,
  ...globalDiagnostics,
  ...networkDiagnostics,
  ...trackingDiagnostics,
  ...vrrpDiagnostics,
  ...electionDiagnostics,
  ...bfdDiagnostics,
  ...virtualServerDiagnostics,
  ...hostDiagnostics,
} as const;

type Table = typeof diagnosticTable;

export type DiagnosticCode = keyof Table;

/** Codes whose texts need no details. */
export type PlainCode = { [C in DiagnosticCode]: Parameters<Table[C]['text']> extends [] ? C : never }[DiagnosticCode];

/** What the texts of a code are made of. */
export type DetailsOf<C extends DiagnosticCode> = Parameters<Table[C]['text']>[0];

export const rowOf = (code: DiagnosticCode): DiagnosticRow<never> => diagnosticTable[code];
