// Is the datapath loaded, and is it attached to every interface that carries traffic?

import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { DirectorFacts } from '../../facts.js';
import { isLoopback, vipsOf } from '../../network.js';

export function datapathRule(facts: DirectorFacts): readonly Finding[] {
  if (!facts.datapath.loaded) {
    return [
      {
        severity: 'error',
        code: 'datapath-absent',
        what: 'no datapath in this network namespace',
        cause:
          facts.datapath.unfinished === true
            ? 'a command was killed while it loaded or unloaded it'
            : 'no command has loaded it since the last boot or weir unload',
        fix: 'weir load',
        advice: 'then load the table: ipvsadm-restore <FILE, or ipvsadm -A',
      },
    ];
  }
  const vips = vipsOf(facts.services);
  return facts.datapath.interfaces
    .filter(({ attached }) => !attached.includes('ingress') || !attached.includes('egress'))
    .map((iface): Finding => {
      const found = facts.interfaces.find(({ ifindex }) => ifindex === iface.ifindex);
      const carries = facts.addresses.some(
        ({ ifindex, address }) => ifindex === iface.ifindex && vips.some((vip) => sameAddress(vip, address)),
      );
      const missing = ['ingress', 'egress'].filter((hook) => !iface.attached.includes(hook)).join(' and ');
      return {
        severity: carries ? 'error' : found !== undefined && isLoopback(found) ? 'info' : 'warning',
        code: 'interface-uncovered',
        what: `${iface.name} is not covered`,
        cause: `nothing is attached at its ${missing}, so packets that arrive there are not balanced`,
        ...(facts.datapath.otherTables === undefined
          ? { fix: 'weir load' }
          : { advice: 'weir load of the build that loaded the datapath attaches to it' }),
      };
    });
}
