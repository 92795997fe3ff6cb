// Persistence that is missing, or that its table has no room for.
import { fileURLToPath } from 'node:url';
import { until } from '../attempts.js';
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

const VIP = '198.51.100.80';
const clients = `${process.execPath} ${fileURLToPath(new URL('../clients.js', import.meta.url))}`;
const director = (...commands: readonly string[]) => [['director', commands.join('; ')]] as const;

export const faults: readonly Fault[] = [
  faultOf('persistence', 'dr-ftp')(
    'not-persistent',
    director('ipvsadm -E -t 10.30.0.80:21 -s rr'),
    'ftp-without-persistence',
    /TCP 10\.30\.0\.80:21.*fix: ipvsadm -E -t 10\.30\.0\.80:21 -s rr -p 300/,
    { effect: 'latent' },
  ),
  faultOf('persistence', 'nat-many-clients')(
    'templates-full',
    [
      ['client', { start: `${clients} ${VIP} 53 600`, as: 'clients' }],
      ['director', until('weir stats drops | grep -q template_replaced')],
    ],
    'templates-full',
    /clients' persistence ends early.*\d+ templates, of both families; 1024 places for those of each/,
    { effect: 'latent', repair: [['client', { stop: 'clients' }]] },
  ),
];
