// What a configuration asks for and weir does not do yet, with its place, by the list of capabilities: lint, -t and the checker's log report it.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import { type Shortfall, shortfalls, unservedText } from '../../../model/keepalived/served-as.js';
import { wantedTable } from '../../../model/keepalived/wanted-table.js';
import type { Origin } from '../keyword.js';
import { type Placed, serverPlace } from '../lint/place.js';

/** A file, its values and what was made of them. */
export interface PlacedConfiguration extends Placed {
  readonly configuration: KeepalivedConfiguration;
}

export type NotYet =
  /** A virtual server that is served without something that it asks for. */
  | { readonly kind: 'without'; readonly at: Origin; readonly name: string; readonly what: string; readonly meanwhile: string }
  | { readonly kind: 'server'; readonly at: Origin; readonly name: string; readonly missing: string };

/** What becomes of a virtual server that is not served as it asks. */
function ofServer(file: PlacedConfiguration, entry: Shortfall): readonly NotYet[] {
  const { name, protocol } = entry.server;
  const at = (keyword?: string): Origin => serverPlace(file, name, keyword, protocol);
  const unserved: readonly NotYet[] = entry.unserved > 0 ? [{ kind: 'server', at: at(), name, missing: unservedText(entry) }] : [];
  return [
    ...unserved,
    ...entry.without.map(({ keyword, what, meanwhile }) => ({ kind: 'without', at: at(keyword), name, what, meanwhile }) as const),
  ];
}

/** In the order of the file. */
export const notYet = (file: PlacedConfiguration): readonly NotYet[] =>
  shortfalls(wantedTable(file.configuration)).flatMap((entry) => ofServer(file, entry));
