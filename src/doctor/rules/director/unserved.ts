// Clients that try a port of a VIP that is not served: scans do that, too, so it is reported and not judged.
import { formatAddress } from '../../../model/address-text.js';
import { counted } from '../../../model/counted.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';

const LINES_MAX = 4;

export function unservedRule({ unserved }: DirectorFacts): readonly Finding[] {
  return [...unserved]
    .sort((a, b) => b.packets - a.packets)
    .slice(0, LINES_MAX)
    .map(
      ({ vip, port, packets, clients }): Finding => ({
        severity: 'info',
        code: 'service-absent',
        what: `clients try TCP ${endpointText({ address: vip, port })}, and no service has it`,
        cause: `${counted(packets, 'SYN')} while doctor looked, of ${clients.map(formatAddress).join(', ')}; no process listens there either, so each gets a RST`,
        advice: `where that is no scan: ipvsadm -A -t ${endpointText({ address: vip, port })}, and its servers`,
      }),
    );
}
