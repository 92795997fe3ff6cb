// Working set-ups with persistent services: FTP, and a small table with many clients.
import type { SetUp } from '../types.js';
import { variant } from '../variant.js';
import { dr } from './direct-route.js';
import { nat } from './nat.js';

const VIP = '198.51.100.80';
const both = (line: string) => [11, 12].map((host) => `ipvsadm -a ${line} -r 10.20.0.${host} -m`);
const ftp = { listen: ['tcp 0.0.0.0:21'] };
const dns = { listen: ['udp 0.0.0.0:53'] };
/** Addresses of many clients, on one host. */
const MANY = '10.77.0.0/16';

export const setUps: readonly SetUp[] = [
  variant('dr-ftp', dr, {
    s1: ftp,
    s2: ftp,
    director: {
      run: ['ipvsadm -A -t 10.30.0.80:21 -s rr -p 300', ...[11, 12].map((host) => `ipvsadm -a -t 10.30.0.80:21 -r 10.30.0.${host} -g`)],
    },
  }),
  variant('nat-ftp', nat, {
    s1: ftp,
    s2: ftp,
    director: { run: [`ipvsadm -A -t ${VIP}:21 -s rr -p 300`, ...both(`-t ${VIP}:21`)] },
  }),
  variant('nat-many-clients', nat, {
    client: { run: [`ip route add local ${MANY} dev lo`] },
    s1: dns,
    s2: dns,
    director: {
      run: [
        `ip route add ${MANY} via 198.51.100.20`,
        'table=$(ipvsadm-save -n)',
        'weir unload',
        'weir load --connections 4096',
        'echo "$table" | ipvsadm-restore -n',
        'ipvsadm --set 0 0 2',
        `ipvsadm -A -u ${VIP}:53 -s rr -p 300`,
        ...both(`-u ${VIP}:53`),
      ],
    },
  }),
];
