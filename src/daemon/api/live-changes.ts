// How the API changes the table of this network namespace, and where its journal is kept.
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusals } from '../../api/access/refusals.js';
import { Journal, type JournalStore } from '../../api/changes/journal.js';
import { PlanBook } from '../../api/changes/plan-book.js';
import { EventRing } from '../../api/events/event-ring.js';
import { liveSources } from '../../api/live-sources.js';
import type { ApiSources } from '../../api/sources.js';
import type { DocumentOptions, DocumentPlan } from '../../control/plan/document-plan.js';
import type { Director } from '../../datapath/director.js';
import { openDirector } from '../../datapath/ebpf/open.js';
import { applyDocument } from '../../document/apply-document.js';
import { observeTable } from '../../document/table-facts.js';
import { changeReleased } from '../../host/released-file.js';
import { isUnfinished } from '../../model/drain/drain.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Log } from '../../model/log-level.js';
import type { TableDocument } from '../../model/table-document.js';
import { native } from '../../sys/addon.js';
import { readTextFile, replaceTextFile } from '../../sys/files/durable-file.js';
import { makeFolders } from '../../sys/files/make-folders.js';
import { tableOpener } from '../checker/table-opener.js';
import { drainDriver, drainKeeper } from '../drain/drain-driver.js';
import { cancelDrain, moveDeadline, startDrain } from '../drain/drains.js';
import { attachNew } from '../process/interface-cover.js';

/** Another process's change is waited for: so long at a time, so often. Between two tries other requests are answered. */
const [LOCK_WAIT_MS, PAUSE_MS, TRIES] = [20, 50, 100] as const;
const [FILE_MODE, ID_BYTES] = [0o600, 9] as const;

const newId = (): string => randomBytes(ID_BYTES).toString('base64url');

/** Below /run: the table does not outlive a boot either. */
function journalFile(): JournalStore {
  const path = `/run/weir/api/changes.${native().netnsCookie()}`;
  return {
    read: () => readTextFile(path) ?? '',
    append(line) {
      makeFolders(dirname(path));
      appendFileSync(path, line, { mode: FILE_MODE });
    },
    replace: (text) => replaceTextFile(path, text, FILE_MODE),
  };
}

/** Tries again while another process changes the table. */
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

function withDirector<T>(open: () => Director, work: (director: Director) => T): Promise<T> {
  return patiently(() => {
    const director = open();
    try {
      return work(director);
    } finally {
      director.close();
    }
  });
}

/** Before a change of services is answered, the packet filter is looked at, as ipvsadm does. The change stands whatever comes of it. */
async function lookAtFilter(log: Log): Promise<void> {
  const { failure, notices = [] } = await attachNew();
  for (const notice of notices) log('warning', notice);
  if (failure !== undefined) log('error', `the packet filter could not be looked at: ${failure}`);
}

function releaseInstance(name: string, isReleased: boolean): void {
  changeReleased(({ drain, instances }) => {
    const others = instances.filter((one) => one !== name);
    return { drain, instances: isReleased ? [...others, name] : others };
  });
}

export function sourcesOfHost(log: Log): ApiSources {
  const open = tableOpener((onWait) => openDirector({ waitMs: LOCK_WAIT_MS, onWait }), log);
  const refusals = new Refusals(log);
  const [read, driveDrains] = [liveSources(refusals), drainKeeper()];
  return {
    ...read,
    newId,
    facts: observeTable,
    plans: new PlanBook(read.now, newId),
    journal: new Journal(journalFile(), log),
    events: new EventRing(Date.now().toString(36)),
    refusals,
    drainDriver,
    driveDrains,
    releaseInstance,
    async startDrain(request) {
      const drain = await patiently(() => startDrain(request, { waitMs: LOCK_WAIT_MS }));
      driveDrains();
      return drain;
    },
    moveDeadline: (id, deadlineS) => patiently(() => moveDeadline(id, deadlineS, { waitMs: LOCK_WAIT_MS })),
    async cancelDrain(id, slowStartS) {
      const drain = await patiently(() => cancelDrain(id, slowStartS, { waitMs: LOCK_WAIT_MS }));
      if (isUnfinished(drain)) driveDrains();
      return drain;
    },
    async apply(document: TableDocument, base: string, options: DocumentOptions): Promise<DocumentPlan> {
      const done = await withDirector(open, (director) => applyDocument(director, document, { base, unlocked: observeTable(), options }));
      if (done.changes.length > 0) await lookAtFilter(log);
      return done;
    },
  };
}
