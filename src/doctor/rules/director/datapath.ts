// Is the datapath there, and does it see every interface that carries traffic?

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
        cause: 'nothing loaded it since the last boot or weir unload',
        fix: 'ipvsadm-restore <FILE (or any ipvsadm -A)',
      },
    ];
  }
  const vips = vipsOf(facts.services);
  return facts.datapath.interfaces
    .filter(({ attached }) => !attached.includes('ingress') || !attached.includes('egress'))
    .map((each): Finding => {
      const link = facts.links.find(({ ifindex }) => ifindex === each.ifindex);
      const carries = facts.addresses.some(
        ({ ifindex, address }) => ifindex === each.ifindex && vips.some((vip) => sameAddress(vip, address)),
      );
      const missing = ['ingress', 'egress'].filter((hook) => !each.attached.includes(hook)).join(' and ');
      return {
        severity: carries ? 'error' : link !== undefined && isLoopback(link) ? 'info' : 'warning',
        code: 'interface-uncovered',
        what: `${each.name} is not covered`,
        cause: `nothing is attached at its ${missing}, so what comes in there is not balanced`,
        fix: 'ipvsadm -Ln (every weir command attaches to new interfaces)',
      };
    });
}
