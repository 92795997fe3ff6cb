// Does the setting nat_icmp_send keep the director's own connections to masqueraded servers from working?
import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import { ongoingDrops } from './drop-count.js';

const SETTING = 'net.ipv4.vs.nat_icmp_send';

/** How many answers of masqueraded servers are dropped while doctor tries these; undefined: none, or not because of the setting. */
function droppedAnswers({ drops }: DirectorFacts): string | undefined {
  return drops?.natIcmpSend === 1 ? ongoingDrops(drops, 'nat_icmp_send') : undefined;
}

/** Whether it is not known of masqueraded servers if they answer. */
export const areAnswersDropped = (facts: DirectorFacts): boolean => droppedAnswers(facts) !== undefined;

export function natIcmpSendRule(facts: DirectorFacts): readonly Finding[] {
  const packets = droppedAnswers(facts);
  if (packets === undefined) return [];
  return [
    {
      severity: 'error',
      code: 'nat-icmp-send',
      what: `connections and checks of this director to masqueraded servers fail: their answers are dropped (${packets})`,
      cause: `${SETTING} is 1: what such a server sends outside of balanced connections gets an ICMP error, here as in IPVS`,
      fix: `weir sysctl -w ${SETTING}=0`,
    },
  ];
}
