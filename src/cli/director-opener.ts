// Where commands get the director of their network namespace from.
import type { Director, TableReader } from '../datapath/director.js';

export interface DirectorOptions {
  /** Bring the datapath into the namespace where it is missing (default); false: throw instead. */
  readonly load?: boolean;
  /** Gets one line when the command waits for another one, shows a change that another one has not finished, or goes on without something. */
  readonly onWait?: (text: string) => void;
}

export interface DirectorOpener {
  /** `shared`: for reading only, beside a writer; `whole`: it fails rather than show a change that is not finished. */
  (options: DirectorOptions & { readonly shared: true; readonly whole?: boolean }): TableReader;
  (options?: DirectorOptions): Director;
}

/** The driver's module, loaded only by commands that need it. */
export async function directorOpener(): Promise<DirectorOpener> {
  const { openDirector, openReader } = await import('../datapath/ebpf/open.js');
  function open(options: DirectorOptions & { readonly shared: true; readonly whole?: boolean }): TableReader;
  function open(options?: DirectorOptions): Director;
  function open(options: DirectorOptions & { readonly shared?: true } = {}): TableReader {
    return options.shared === true ? openReader(options) : openDirector(options);
  }
  return open;
}
