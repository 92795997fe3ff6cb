// How the API changes the table of this network namespace, and where its journal is kept.
import { randomBytes } from 'node:crypto';
import { appendFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusals } from '../../api/access/refusals.js';
import { ApplyCounts } from '../../api/changes/apply-counts.js';
import { Journal, type JournalStore } from '../../api/changes/journal.js';
import { PlanBook } from '../../api/changes/plan-book.js';
import { EventRing } from '../../api/events/event-ring.js';
import { TrafficHistory } from '../../api/events/traffic-history.js';
import { RequestCounts } from '../../api/http/request-counts.js';
import { liveSources } from '../../api/live-sources.js';
import type { ApiSources } from '../../api/sources.js';
import type { DocumentOptions, DocumentPlan } from '../../control/plan/document-plan.js';
import type { Director } from '../../datapath/director.js';
import { openDirector } from '../../datapath/ebpf/open.js';
import { applyDocument } from '../../document/apply-document.js';
import type { PresentState } from '../../document/kept-state.js';
import { observeTable } from '../../document/table-facts.js';
import { journalPath } from '../../host/api-journal.js';
import { changeReleased } from '../../host/released-file.js';
import { bypassedText, bypassingPolicy } from '../../model/bypassed-policy.js';
import { isUnfinished } from '../../model/drain/drain.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { serviceId } from '../../model/identity.js';
import type { Log } from '../../model/log-level.js';
import type { Released } from '../../model/released.js';
import type { ServiceKey } from '../../model/service.js';
import type { TableDocument } from '../../model/table-document.js';
import { isSystemError } from '../../sys/errno.js';
import { readTextFile, replaceTextFile } from '../../sys/files/durable-file.js';
import { makeFolders } from '../../sys/files/make-folders.js';
import { ipsecPolicies, ownAddresses } from '../../sys/netlink/ipsec-policies.js';
import { tableOpener } from '../checker/table-opener.js';
import { drainDriver, drainKeeper } from '../drain/drain-driver.js';
import { cancelDrain, moveDeadline, startDrain } from '../drain/drains.js';
import { removeOverride, setOverride } from '../drain/overrides.js';
import { attachNew } from '../process/interface-cover.js';

/** Another process's change is waited for: so long at a time, so often. Between two tries other requests are answered. */
const [LOCK_WAIT_MS, PAUSE_MS, TRIES] = [20, 50, 100] as const;
const [FILE_MODE, ID_BYTES] = [0o600, 9] as const;

const newId = (): string => randomBytes(ID_BYTES).toString('base64url');

function journalFile(): JournalStore {
  const path = journalPath();
  return {
    read: () => readTextFile(path) ?? '',
    stamp() {
      const found = statSync(path, { throwIfNoEntry: false });
      return found === undefined ? undefined : { file: `${found.ino}`, bytes: found.size };
    },
    append(line) {
      makeFolders(dirname(path));
      appendFileSync(path, line, { mode: FILE_MODE });
    },
    replace: (text) => replaceTextFile(path, text, FILE_MODE),
  };
}

/** Tries again while another process is at such a change. */
async function patiently<T>(attempt: () => T): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return attempt();
    } catch (error) {
      if (!isWeirError(error, 'lock-busy') || tries === TRIES) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

function withDirector<T>(open: () => Director, work: (director: Director) => T): T {
  const director = open();
  try {
    return work(director);
  } finally {
    director.close();
  }
}

/** Before a change of services is answered, the packet filter is looked at, as ipvsadm does. */
async function filterWarnings(log: Log): Promise<readonly string[]> {
  const { failure, notices = [] } = await attachNew();
  for (const notice of notices) log('warning', notice);
  if (failure === undefined) return notices;
  const text = `the packet filter could not be looked at: ${failure}`;
  log('error', text);
  return [text];
}

/** @throws SystemError */
function ipsecWarnings(state: PresentState, changed: readonly ServiceKey[]): readonly string[] {
  const services = changed.flatMap((key) => {
    const there = state.present.get(serviceId(key));
    return there === undefined ? [] : [{ spec: there.spec, destinations: there.destinations.map((spec) => ({ spec })) }];
  });
  const policy = services.length === 0 ? undefined : bypassingPolicy(ipsecPolicies(), ownAddresses, services);
  return policy === undefined ? [] : [bypassedText(policy)];
}

/** What cannot be looked at is itself a warning: the change stands. */
function warned(log: Log, look: () => readonly string[]): readonly string[] {
  try {
    return look();
  } catch (error) {
    if (!isWeirError(error) && !isSystemError(error)) throw error;
    const text = `the policies of IPsec could not be looked at: ${error.message}`;
    log('error', text);
    return [text];
  }
}

async function releaseInstance(name: string, isReleased: boolean): Promise<void> {
  const change = ({ drain, instances }: Released): Released => {
    const others = instances.filter((one) => one !== name);
    return { drain, instances: isReleased ? [...others, name] : others };
  };
  await patiently(() => changeReleased(change, LOCK_WAIT_MS));
}

/** `document`: what the table should be, where the process has such a file. */
export function sourcesOfHost(log: Log, document: () => TableDocument | undefined): ApiSources {
  const open = tableOpener((onWait) => openDirector({ waitMs: LOCK_WAIT_MS, onWait }), log);
  const [refusals, requests, applies] = [new Refusals(log), new RequestCounts(), new ApplyCounts()];
  const [{ readers: read, changed }, driveDrains] = [liveSources({ refusals, requests, applies }, document), drainKeeper()];
  /** Who reads after the answer finds the change. */
  const own = async <T>(change: () => T): Promise<T> => {
    try {
      return await patiently(change);
    } finally {
      changed();
    }
  };
  return {
    ...read,
    newId,
    facts: observeTable,
    plans: new PlanBook(read.now, newId),
    journal: new Journal(journalFile(), log),
    events: new EventRing(Date.now().toString(36)),
    history: new TrafficHistory(),
    refusals,
    requests,
    applies,
    drainDriver,
    driveDrains,
    releaseInstance,
    async startDrain(request) {
      const drain = await own(() => startDrain(request, { waitMs: LOCK_WAIT_MS }));
      driveDrains();
      return drain;
    },
    async setOverride(wanted, check) {
      const record = await own(() => setOverride(wanted, { waitMs: LOCK_WAIT_MS, check }));
      if (wanted.forS !== null) driveDrains();
      return record;
    },
    removeOverride: (target, check) => own(() => removeOverride(target, { waitMs: LOCK_WAIT_MS, check })),
    moveDeadline: (id, deadlineS) => own(() => moveDeadline(id, deadlineS, { waitMs: LOCK_WAIT_MS })),
    async cancelDrain(id, slowStartS) {
      const drain = await own(() => cancelDrain(id, slowStartS, { waitMs: LOCK_WAIT_MS }));
      if (isUnfinished(drain)) driveDrains();
      return drain;
    },
    apply: (document: TableDocument, base: string, options: DocumentOptions): Promise<DocumentPlan> =>
      own(() => withDirector(open, (director) => applyDocument(director, document, { base, unlocked: observeTable(), options }))),
    warnings: async (changed) => [...(await filterWarnings(log)), ...warned(log, () => ipsecWarnings(read.state(), changed))],
  };
}
