// What a configuration asks for and weir does not do yet, with its place, by the list of capabilities: lint, -t and the checker's log report it.
import { capability } from '../../../model/capabilities.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import { unservedServers, unservedText } from '../../../model/keepalived/unserved.js';
import { wantedTable } from '../../../model/keepalived/wanted-table.js';
import type { Origin } from '../keyword.js';
import { globalPlace, type Placed, serverPlace } from '../lint/place.js';

/** A file, its values and what was made of them. */
export interface PlacedConfiguration extends Placed {
  readonly configuration: KeepalivedConfiguration;
}

export type NotYet =
  | { readonly kind: 'server'; readonly at: Origin; readonly name: string; readonly missing: string }
  | { readonly kind: 'sync-daemon'; readonly at: Origin; readonly missing: string; readonly meanwhile: string };

/** The virtual servers of which services will not be served. */
function servers(file: PlacedConfiguration, unserved: ReturnType<typeof unservedServers>): readonly NotYet[] {
  return unserved.map((entry) => {
    const { name, protocol } = entry.server;
    return { kind: 'server', at: serverPlace(file, name, undefined, protocol), name, missing: unservedText(entry) };
  });
}

/** Services first, in the order of the file. */
export function notYet(file: PlacedConfiguration): readonly NotYet[] {
  const { global } = file.configuration;
  const unserved = unservedServers(wantedTable(file.configuration));
  const { present, missing, meanwhile } = capability('synchronisation');
  const sync: readonly NotYet[] =
    present || global.lvsSyncDaemon === undefined
      ? []
      : [{ kind: 'sync-daemon', at: globalPlace(file, 'lvs_sync_daemon'), missing, meanwhile }];
  return [...servers(file, unserved), ...sync];
}
