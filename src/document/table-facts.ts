// What is there for a document, and who else keeps services of this network namespace.
import type { TableFacts } from '../control/plan/table-facts.js';
import { observeDatapath } from '../datapath/ebpf/observe/observer.js';
import { runningDaemons } from '../host/running-daemon.js';
import { serviceId } from '../model/identity.js';
import { wantedTable } from '../model/keepalived/wanted-table.js';
import { checkedKeys } from '../model/weir-file.js';
import { native } from '../sys/addon.js';
import { type ObservedFacts, observedFacts } from './observed-facts.js';

/** The services that daemons serve from their own files, with who does. @throws SystemError EACCES without root */
export function tableOwners(): Pick<TableFacts, 'owners' | 'checked'> {
  const serving = runningDaemons(String(native().netnsCookie())).filter(({ servesTable }) => servesTable);
  const owners = new Map<string, string>();
  const checked = new Set<string>();
  for (const { pid, configuration } of serving) {
    const ofDocument = new Set(checkedKeys(configuration.weir ?? {}).map(serviceId));
    for (const id of wantedTable(configuration).keys()) {
      const isOfDocument = ofDocument.has(id);
      if (isOfDocument) checked.add(id);
      owners.set(id, isOfDocument ? `weir run (process ${pid}), which checks its servers` : `keepalived (process ${pid})`);
    }
  }
  return { owners, checked };
}

/** Locks, loads and changes nothing. @throws WeirError of tables of another build; SystemError without root */
export const observeTable = (): TableFacts & ObservedFacts => ({ ...observedFacts(observeDatapath()), ...tableOwners() });
