// What of the services that a weir run has was changed by hand: their servers come and go with their checks, so the daemon's plan has it.
import type { Drift } from '../../control/plan/plan.js';
import { DOCUMENT_NAMES } from '../../control/virtual-server/names.js';
import { runningDaemons } from '../../host/running-daemon.js';
import { serviceId } from '../../model/identity.js';
import { checkedServices, type WeirFile } from '../../model/weir-file.js';
import { fileIdentity } from '../../sys/files/file-identity.js';
import { collectPlan } from '../plan/collect-plan.js';

/** Does a weir run of this network namespace have the file at this path? */
export function isRunWith(path: string): boolean {
  const own = fileIdentity(path);
  const daemons = runningDaemons();
  return own !== undefined && daemons.some(({ weirFile }) => weirFile !== undefined && fileIdentity(weirFile) === own);
}

/** Of those that the file states, too. @throws as collectPlan */
export function checkedDrift(file: WeirFile): readonly Drift[] {
  const stated = new Set((file.table?.services ?? []).map(({ spec }) => serviceId(spec.key)));
  return runningDaemons().flatMap((daemon) => {
    const common = [...checkedServices(daemon.configuration.weir ?? {})].flatMap(([id, { target }]) =>
      stated.has(id) && target.kind === 'service' ? [DOCUMENT_NAMES.service(target.key)] : [],
    );
    if (common.length === 0 || !daemon.servesTable) return [];
    const { plan } = collectPlan(undefined, daemon, DOCUMENT_NAMES);
    return (plan?.drift ?? []).filter(({ service, stays }) => !stays && common.includes(service));
  });
}
