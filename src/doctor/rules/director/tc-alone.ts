// What goes by tc alone, though XDP is wanted for it: packets are balanced as with XDP, at a higher price.
import type { Finding } from '../../../model/finding.js';
import { shellWord } from '../../../model/shell-word.js';
import { goesByTc, type TcAlone } from '../../../model/tc-alone.js';
import type { DatapathFacts } from '../../facts.js';

const PRICE = 'packets are balanced as before, but cost more processor time';

function adviceFor({ what, obstacle }: TcAlone): string {
  const device = shellWord(what);
  switch (obstacle) {
    case 'foreign':
      return `if that program is not needed, stop what attached it, or ip link set dev ${device} xdp off: the next command attaches that of weir`;
    case 'driver':
      return (
        `a driver may need a smaller MTU, LRO off (ethtool -K ${device} lro off) or other numbers of queues (ethtool -L ${device}), and the ` +
        'kernel log may have its reason; weir load tries again'
      );
    case 'vlan':
    case 'kind':
      return 'nothing has to be done';
    default:
      return 'weir load tries again, by the kernel and the build that there are then';
  }
}

export const tcAloneFindings = ({ tcAlone = [] }: DatapathFacts): readonly Finding[] =>
  tcAlone.map((alone) => ({
    severity: 'info',
    code: alone.obstacle === undefined ? 'xdp-refused' : 'xdp-not-attached',
    what: goesByTc(alone.what),
    cause: alone.why,
    advice: `${PRICE}; ${adviceFor(alone)}`,
  }));
