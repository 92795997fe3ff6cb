// The configuration of an engine on disk: examined before it takes the place of the one before, which is kept beside it. A file that weir did not write
// is never replaced.
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ENGINE_MARKER, type EngineText } from '../../config/engine/engine-options.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { isSystemError, unlessCode } from '../../sys/errno.js';
import { replaceFile } from '../../sys/files/durable-file.js';
import { makeFolders } from '../../sys/files/make-folders.js';

export interface EngineFileOptions {
  readonly folder: string;
  readonly name: string;
  /** Why the engine refuses a file; undefined: it does not. */
  readonly examine: (path: string) => string | undefined;
}

const COMPANION_MODE = 0o600;
const SECRETS_MODE = 0o700;

export class EngineFile {
  readonly path: string;

  constructor(readonly options: EngineFileOptions) {
    this.path = join(options.folder, options.name);
  }

  /** @throws WeirError engine-unwritten, and others of `work` */
  #onDisk<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw new WeirError('engine-unwritten', { folder: this.options.folder, why: error.message }, { cause: error });
    }
  }

  #written(): string | undefined {
    const text = unlessCode(() => readFileSync(this.path, 'utf8'), ['ENOENT'], undefined);
    if (text !== undefined && !text.startsWith(`${ENGINE_MARKER}\n`)) throw new WeirError('engine-foreign-file', { path: this.path });
    return text;
  }

  /** Whether the engine takes the text; nothing is left of it. @throws WeirError engine-refused, engine-foreign-file, engine-unwritten */
  check(made: EngineText): void {
    this.#onDisk(() => this.#check(made));
  }

  #check(made: EngineText): void {
    this.#written();
    const added = [...made.companions.keys()].filter((path) => !existsSync(path));
    try {
      this.#stage(made);
    } finally {
      for (const path of added) rmSync(path, { force: true });
      rmSync(`${this.path}.new`, { force: true });
    }
  }

  #stage({ text, companions }: EngineText): void {
    makeFolders(this.options.folder);
    for (const [path, content] of companions) {
      makeFolders(dirname(path), SECRETS_MODE);
      if (!existsSync(path)) replaceFile(path, content, COMPANION_MODE);
    }
    const staged = `${this.path}.new`;
    writeFileSync(staged, text, { mode: 0o640 });
    const why = this.options.examine(staged);
    if (why === undefined) return;
    rmSync(staged);
    throw new WeirError('engine-refused', { why });
  }

  /** In place of the file before, which becomes `.before`. @throws WeirError engine-refused, engine-foreign-file, engine-unwritten */
  install(made: EngineText): void {
    this.#onDisk(() => this.#install(made));
  }

  #install(made: EngineText): void {
    const before = this.#written();
    this.#stage(made);
    const isChange = before !== made.text;
    if (before !== undefined && isChange) copyFileSync(this.path, `${this.path}.before`);
    renameSync(`${this.path}.new`, this.path);
    if (isChange) this.#sweep([made.text, before ?? '']);
  }

  /** Companions that neither text refers to. */
  #sweep(texts: readonly string[]): void {
    const folder = join(this.options.folder, 'certificates');
    for (const name of unlessCode(() => readdirSync(folder), ['ENOENT'], [])) {
      const path = join(folder, name);
      if (!texts.some((text) => text.includes(path))) rmSync(path, { force: true });
    }
  }
}
