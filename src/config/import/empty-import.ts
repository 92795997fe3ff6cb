// An import without services is refused: a weir.yaml that states none would empty the table.
import { WeirError } from '../../model/errors/weir-error.js';
import { type Imported, isStated } from './imported.js';
import { keepalivedServices } from './write-keepalived.js';

/** Neither blank nor a comment: its number from 1, and what stands there. */
function firstLine(text: string): readonly [line: number, text: string] | undefined {
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => !/^\s*(#|$)/.test(line));
  return at < 0 ? undefined : [at + 1, (lines[at] ?? '').trim()];
}

const SHOWN_MAX = 80;

/** Why no keepalived.conf is written: it would have none of the services. undefined: one is. */
export const emptyKeepalived = (file: string, imported: Imported): WeirError | undefined =>
  imported.services.length === 0 || keepalivedServices(imported).length > 0 ? undefined : new WeirError('import-not-keepalived', { file });

/** Why nothing is written of a text. undefined: something is. */
export function emptyImport(
  format: string,
  { file, text }: { readonly file: string; readonly text: string },
  imported: Imported,
): WeirError | undefined {
  if (isStated(imported)) return undefined;
  const [foreign] = imported.lines;
  const first = foreign === undefined ? firstLine(text) : ([foreign.line, foreign.text] as const);
  if (!imported.isForeign || first === undefined) return new WeirError('import-empty', { file, format });
  const [line, shown] = first;
  return new WeirError('import-syntax', { file, line, what: `this is not of the format ${format}: ${shown.slice(0, SHOWN_MAX)}` });
}
