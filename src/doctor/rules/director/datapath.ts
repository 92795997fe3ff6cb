// Is the datapath loaded, and is it attached to every interface that carries traffic?

import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import type { CoverageFact, DirectorFacts } from '../../facts.js';
import { isLoopback, vipsOf } from '../../network.js';

const LOAD_THERE = 'weir load of the build that loaded the datapath';

/** Its commands remove filters of others, so a person decides. */
function withoutEgress({ name }: CoverageFact, load: string): Finding {
  const device = shellWord(name);
  return {
    severity: 'warning',
    code: 'egress-uncovered',
    what: `${name} is covered at its ingress alone`,
    cause:
      'its qdisc is “ingress”, where Linux before 6.6 has no place for a program at egress: what this host itself sends there is not balanced, ' +
      'and answers of servers on this host leave untranslated',
    advice:
      `tc qdisc del dev ${device} ingress; tc qdisc add dev ${device} clsact; ${load}. The first command also removes the filters of others ` +
      `(tc filter show dev ${device} ingress): what made them must make them again, by “ingress” in the place of “parent ffff:”`,
  };
}

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
  const ours = facts.datapath.otherTables === undefined;
  return facts.datapath.interfaces
    .filter(({ attached }) => !attached.includes('ingress') || !attached.includes('egress'))
    .map((iface): Finding => {
      if (iface.ingressAlone === true) return withoutEgress(iface, ours ? 'weir load' : LOAD_THERE);
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
        ...(ours ? { fix: 'weir load' } : { advice: `${LOAD_THERE} attaches to it` }),
      };
    });
}
