// What reading a configuration gives: at the start in the supervisor itself, at a reload in a process that ends afterwards.
import type { Damage } from '../../../config/keepalived/diagnostics/damage.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { LogLevel } from '../../../model/log-level.js';
import type { SourceFile } from './saved-files.js';

/** A configuration as it was read, and the messages about it. */
export interface Loaded {
  readonly messages: readonly { readonly level: LogLevel; readonly text: string }[];
  /** Absent: it cannot be used. */
  readonly configuration?: KeepalivedConfiguration;
  /** Why not: no such file, or a fatal line. `ok` may have messages; `errors`: -t would not answer 0. */
  readonly outcome: 'ok' | 'errors' | 'missing' | 'fatal';
  /** What was not understood: something that the configuration lacks may stand in the file all the same. */
  readonly damage?: readonly Damage[];
  /** What was read, where the configuration wants copies of it. */
  readonly files?: readonly SourceFile[];
}
