// What is wrong in the table of virtual services.
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

const nat = faultOf('table', 'nat');
const same = faultOf('table', 'nat-same-port');
const dr = faultOf('table', 'dr');
const VIP = '198.51.100.80:80';
const edit = (command: string) => [['director', command]] as const;

export const faults: readonly Fault[] = [
  nat('table-cleared', edit('ipvsadm -C'), 'table-empty', /the table has no service/, {
    repair: edit(`ipvsadm -A -t ${VIP} -s rr; ipvsadm -a -t ${VIP} -r 10.20.0.11:8080 -m; ipvsadm -a -t ${VIP} -r 10.20.0.12:8080 -m`),
  }),
  same('method-forgotten', edit(`ipvsadm -e -t ${VIP} -r 10.20.0.11 -g`), 'method-wrong', /10\.20\.0\.11.*VS\/NAT needs/),
  same(
    'all-methods-forgotten',
    edit(`ipvsadm -e -t ${VIP} -r 10.20.0.11 -g; ipvsadm -e -t ${VIP} -r 10.20.0.12 -g`),
    'method-wrong',
    /VS\/NAT needs/,
  ),
  dr(
    'all-methods-masq',
    edit('ipvsadm -e -t 10.30.0.80:80 -r 10.30.0.11 -m; ipvsadm -e -t 10.30.0.80:80 -r 10.30.0.12 -m'),
    'method-wrong',
    /VS\/DR needs/,
    {
      symptoms: ['forwarding-off'],
      also: ['forwarding-off'],
    },
  ),
  nat(
    'server-address-wrong',
    edit(`ipvsadm -d -t ${VIP} -r 10.20.0.11:8080; ipvsadm -a -t ${VIP} -r 10.20.0.21:8080 -m`),
    'server-unreachable',
    /no host answers ARP for 10\.20\.0\.21 on eth1/,
    { repair: edit(`ipvsadm -d -t ${VIP} -r 10.20.0.21:8080; ipvsadm -a -t ${VIP} -r 10.20.0.11:8080 -m`) },
  ),
  nat(
    'no-service-on-port',
    [
      ['director', `ipvsadm -A -t 198.51.100.80:8081 -s rr; ipvsadm -a -t 198.51.100.80:8081 -r 10.20.0.11:8080 -m; ipvsadm -D -t ${VIP}`],
      ['client', { start: 'bash -c \'while :; do timeout 3 bash -c ": > /dev/tcp/198.51.100.80/80"; sleep 0.1; done\'', as: 'clients' }],
    ],
    'service-absent',
    /clients try TCP 198\.51\.100\.80:80, and no service has it.*of 198\.51\.100\.20;/,
    {
      repair: [
        [
          'director',
          `ipvsadm -A -t ${VIP} -s rr; ipvsadm -a -t ${VIP} -r 10.20.0.11:8080 -m; ipvsadm -a -t ${VIP} -r 10.20.0.12:8080 -m; ipvsadm -D -t 198.51.100.80:8081`,
        ],
        ['client', { stop: 'clients' }],
      ],
    },
  ),
  nat(
    'weights-ignored',
    edit(`ipvsadm -e -t ${VIP} -r 10.20.0.11:8080 -m -w 5`),
    'weights-ignored',
    /distributes evenly although its weights differ/,
    { effect: 'latent', undo: edit(`ipvsadm -E -t ${VIP} -s rr; ipvsadm -e -t ${VIP} -r 10.20.0.11:8080 -m -w 1`) },
  ),
];
