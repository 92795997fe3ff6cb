// What is there for a document, and who else keeps services of this network namespace.
import type { TableFacts } from '../control/plan/table-facts.js';
import { type ObservedDatapath, observeDatapath } from '../datapath/ebpf/observe/observer.js';
import { openReader } from '../datapath/ebpf/open.js';
import { switchedServices } from '../datapath/ebpf/switch/apply-switch.js';
import { servingDaemons } from '../host/daemons-services.js';
import { isWeirError } from '../model/errors/weir-error.js';
import { serviceId } from '../model/identity.js';
import type { VirtualServer } from '../model/keepalived/virtual-server.js';
import { wantedTable } from '../model/keepalived/wanted-table.js';
import { checkedServices } from '../model/weir-file.js';
import { emptyFacts, type ObservedFacts, observedFacts, presentFacts, refuseOther } from './observed-facts.js';

/** Of services that are switched by content. */
export const SWITCH_OWNER = 'weir switch';

/** Without a lock: weir switch clear may remove them meanwhile. */
function switchedIds(observed: ObservedDatapath): readonly string[] {
  if (observed.kind !== 'loaded') return [];
  try {
    return switchedServices(observed.folder).map(serviceId);
  } catch (error) {
    if (!isWeirError(error, 'pin-missing')) throw error;
    return [];
  }
}

/** The services that daemons serve from their own files, or that weir switch made, with who does. @throws SystemError EACCES without root */
export function tableOwners(observed: ObservedDatapath): Pick<TableFacts, 'owners' | 'files' | 'checked'> {
  const owners = new Map<string, string>(switchedIds(observed).map((id) => [id, SWITCH_OWNER]));
  const [files, checked] = [new Map<string, string>(), new Map<string, VirtualServer>()];
  for (const { pid, file, weirFile, configuration } of servingDaemons()) {
    const ofDocument = checkedServices(configuration.weir ?? {});
    for (const id of wantedTable(configuration).keys()) {
      const server = ofDocument.get(id);
      if (server !== undefined) checked.set(id, server);
      files.set(id, server === undefined ? file : (weirFile ?? file));
      owners.set(id, server !== undefined ? `weir run (process ${pid}), which checks its servers` : `keepalived (process ${pid})`);
    }
  }
  return { owners, files, checked };
}

type WholeTable = Pick<TableFacts, 'present' | 'owners' | 'timeouts'> & Pick<ObservedFacts, 'moved'>;

/**
 * No change that is half made: what a killed command left is taken back first, one that is under way is waited for.
 * @throws WeirError lock-busy, of tables of another build; SystemError without root
 */
export function wholeTable(onWait: (text: string) => void): WholeTable {
  const observed = observeDatapath();
  refuseOther(observed);
  const owners = tableOwners(observed);
  if (observed.kind !== 'loaded') return { ...emptyFacts, ...owners };
  const reader = openReader({ load: false, whole: true, onWait });
  try {
    return { ...presentFacts(reader), ...owners };
  } finally {
    reader.close();
  }
}

/** Locks, loads and changes nothing. @throws WeirError of tables of another build; SystemError without root */
export function observeTable(): TableFacts & ObservedFacts {
  const observed = observeDatapath();
  return { ...observedFacts(observed), ...tableOwners(observed) };
}
