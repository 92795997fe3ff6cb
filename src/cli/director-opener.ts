// Where commands get the director of their network namespace from.
import type { Director } from '../datapath/director.js';

/** `load`: bring the datapath into the namespace when it is not there. `shared`: for reading only, beside other readers. */
export type DirectorOpener = (options?: { readonly load?: boolean; readonly shared?: boolean }) => Director;

/** The driver's module, loaded only by commands that need it. */
export async function directorOpener(): Promise<DirectorOpener> {
  const { openDirector } = await import('../datapath/ebpf/open.js');
  return openDirector;
}
