// A real server on the director: its packet filter sees what the server gets and sends with the server's own address and port.
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

const fault = faultOf('director', 'nat-local-server');

export const faults: readonly Fault[] = [
  fault(
    'input-knows-the-vip-alone',
    [['director', "nft 'add rule inet fw in tcp dport 80 accept; add chain inet fw in { policy drop; }'"]],
    'local-server-filtered',
    /10\.20\.0\.1:8080 does not answer: .*chain inet fw in.*nft insert rule inet fw in ip daddr 10\.20\.0\.1 tcp dport 8080 accept/,
  ),
  fault(
    'output-drops-its-port',
    [['director', 'nft insert rule inet fw out tcp sport 8080 drop']],
    'local-server-filtered',
    /its answers .*tcp sport 8080 drop/,
  ),
];
