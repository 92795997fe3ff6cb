// What reading a configuration gives: at the start in the supervisor itself, at a reload in a process that ends afterwards.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { LogLevel } from '../../model/log-level.js';
import type { SourceFile } from './saved-files.js';

/** A configuration as it was read, and the messages about it. */
export interface Loaded {
  readonly messages: readonly { readonly level: LogLevel; readonly text: string }[];
  /** Absent: it cannot be used. */
  readonly configuration?: KeepalivedConfiguration;
  /** Why not: no such file, or a fatal line. `ok` may have messages; `errors`: -t would not answer 0. */
  readonly outcome: 'ok' | 'errors' | 'missing' | 'fatal';
  /** Something was not understood: what the file lacks may stand in it all the same. */
  readonly damaged?: boolean;
  /** What was read, where the configuration wants copies of it. */
  readonly files?: readonly SourceFile[];
}
