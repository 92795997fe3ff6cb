// What is there for a document, and who else keeps services of this network namespace.
import type { TableFacts } from '../control/plan/table-facts.js';
import { observeDatapath } from '../datapath/ebpf/observe/observer.js';
import { runningDaemons } from '../host/running-daemon.js';
import { wantedTable } from '../model/keepalived/wanted-table.js';
import { native } from '../sys/addon.js';
import { type ObservedFacts, observedFacts } from './observed-facts.js';

/** The services that daemons serve from their own files, by `serviceId`, with who does. @throws SystemError EACCES without root */
function tableOwners(): TableFacts['owners'] {
  const serving = runningDaemons(String(native().netnsCookie())).filter(({ servesTable }) => servesTable);
  return new Map(
    serving.flatMap(({ pid, configuration }) =>
      [...wantedTable(configuration).keys()].map((id) => [id, `keepalived (process ${pid})`] as const),
    ),
  );
}

/** Locks, loads and changes nothing. @throws WeirError of tables of another build; SystemError without root */
export const observeTable = (): TableFacts & ObservedFacts => ({ ...observedFacts(observeDatapath()), owners: tableOwners() });
