// Logs what of the daemon's weir.yaml it does not serve and is not on this host. Only read; the daemon does not depend on it.
import { type AppliedFacts, missingWords, needsApply, notApplied, notAppliedText } from '../../../control/plan/not-applied.js';
import { observeDatapath } from '../../../datapath/ebpf/observe/observer.js';
import { refuseOther } from '../../../document/observed-facts.js';
import { observeVips } from '../../../host/vip/observed-host.js';
import { addressId, serviceId } from '../../../model/identity.js';
import type { Log } from '../../../model/log-level.js';
import type { WeirFile } from '../../../model/weir-file.js';
import { repeatedWork } from '../../process/optional-work.js';

/** @throws WeirError as refuseOther, state-file-damaged; SystemError */
function appliedFacts(): AppliedFacts {
  const observed = observeDatapath();
  refuseOther(observed);
  const services = observed.kind === 'loaded' ? observed.reader.configured().services : [];
  return {
    services: new Set(services.map(({ spec }) => serviceId(spec.key))),
    addresses: new Set(observeVips().host.addresses.map(({ address }) => addressId(address))),
  };
}

export function logNotApplied(path: string, file: WeirFile, log: Log): void {
  if (!needsApply(file)) return;
  repeatedWork((reason) => log('warning', `whether all of ${path} is on this host is not known: ${reason}`))(() => {
    const text = notAppliedText(path, missingWords(notApplied(file, appliedFacts())));
    if (text !== undefined) log('warning', text);
  });
}
