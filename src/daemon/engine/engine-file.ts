// The configuration of an engine on disk: examined before it takes the place of the one before, which is kept beside it. A file that weir did not write
// is never replaced.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '../../model/errors/weir-error.js';
import { unlessCode } from '../../sys/errno.js';

export interface EngineFileOptions {
  readonly folder: string;
  readonly name: string;
  /** The first line of what weir writes. */
  readonly marker: string;
  /** Why the engine refuses a file; undefined: it does not. */
  readonly examine: (path: string) => string | undefined;
}

export class EngineFile {
  readonly path: string;

  constructor(readonly options: EngineFileOptions) {
    this.path = join(options.folder, options.name);
  }

  #written(): string | undefined {
    const text = unlessCode(() => readFileSync(this.path, 'utf8'), ['ENOENT'], undefined);
    if (text !== undefined && !text.startsWith(`${this.options.marker}\n`)) throw new WeirError('engine-foreign-file', { path: this.path });
    return text;
  }

  /** Whether the engine takes the text; nothing is left of it. @throws WeirError engine-refused, engine-foreign-file */
  check(text: string): void {
    this.#written();
    this.#stage(text);
    rmSync(`${this.path}.new`);
  }

  #stage(text: string): void {
    mkdirSync(this.options.folder, { recursive: true, mode: 0o755 });
    const staged = `${this.path}.new`;
    writeFileSync(staged, text, { mode: 0o640 });
    const why = this.options.examine(staged);
    if (why === undefined) return;
    rmSync(staged);
    throw new WeirError('engine-refused', { why });
  }

  /** In place of the file before, which becomes `.before`; whether there is a change. @throws WeirError engine-refused, engine-foreign-file */
  install(text: string): boolean {
    const before = this.#written();
    this.#stage(text);
    if (before !== undefined && before !== text) copyFileSync(this.path, `${this.path}.before`);
    renameSync(`${this.path}.new`, this.path);
    return before !== text;
  }
}
