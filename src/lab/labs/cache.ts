// A cluster of transparent web caches under VS/DR or VS/TUN: the director is the clients' router, gives requests to any web site a firewall mark, and
// balances the mark by the site's address (lblc, lblcr), so that each page is fetched once and not once a cache.
import type { Lab, LabHost, RunStep, Step } from '../definition/lab.js';
import { described, mark, run, table } from './steps.js';

const SITES = ['203.0.113.1', '203.0.113.2', '203.0.113.3'] as const;
const [SITE1, SITE2, SITE3] = SITES;
const CLIENT = '192.0.2.10';
const ROUTER = { clients: '192.0.2.1', caches: '198.51.100.1', sites: '203.0.113.254' };
const PORT = 3128;

/** nginx as a cache of whatever site is asked for. A header states whether it had the page. */
const nginxOf = (name: string): string => `daemon off;
user root;
worker_processes 1;
pid nginx.pid;
events { }
http {
  access_log off;
  proxy_cache_path pages keys_zone=pages:1m;
  server {
    listen ${PORT};
    location / {
      proxy_pass http://$host:80;
      proxy_cache pages;
      proxy_cache_key $host$uri;
      proxy_cache_valid 200 10m;
      add_header X-Cache "$upstream_cache_status from ${name}";
    }
  }
}
`;

/** Connections of which each asks for one page and stays open. */
const HELD = `address=$1 count=$2
for ((i = 0; i < count; i++)); do
  exec {fd}<>"/dev/tcp/$address/80" || exit 1
  printf 'GET / HTTP/1.1\\r\\nHost: %s\\r\\n\\r\\n' "$address" >&"$fd"
  while IFS= read -r -t 10 -u "$fd" line; do case $line in X-Cache*) echo "$line"; break ;; esac; done
done
until [ -e done ]; do read -r -t 0.1 <> <(:); done
`;

/** Asks for a page as often as there are answers, and shows which cache answered, and whether it had the page. */
const asks = (url: string, ...answers: readonly string[]): RunStep => ({
  kind: 'run',
  on: 'client1',
  command: `curl -i ${url} | grep X-Cache`,
  times: answers.length,
  expect: { answers: answers.map((answer) => `X-Cache: ${answer}`) },
});

const cacheSteps = (name: string): readonly Step[] => [
  run(name, 'nginx -p $PWD/ -e $PWD/error.log -c $PWD/nginx.conf >nginx.out 2>&1 &'),
  run(name, `iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports ${PORT}`),
];

/** How the director reaches the caches. */
export interface CacheLab {
  readonly name: string;
  readonly title: string;
  readonly switches: readonly string[];
  readonly caches: readonly [string, string];
  /** The options of each for ipvsadm, and the method as ipvsadm lists it and as explain names it. */
  readonly options: string;
  readonly listed: 'Route' | 'Tunnel';
  readonly method: 'route' | 'tunnel';
  readonly hosts: Lab['hosts'];
  readonly needs: readonly string[];
  /** Before all else. */
  readonly prepared: readonly Step[];
}

const setUp: readonly Step[] = [
  described('Each cache takes what comes for port 80 of any address.', run('cache1', 'cat nginx.conf')),
  ...cacheSteps('cache1'),
  ...cacheSteps('cache2'),
  described(
    'Requests of the clients to any site get the mark 1. The caches’ own requests come by another interface.',
    run('lvs1', 'iptables -t mangle -A PREROUTING -i eth0 -p tcp --dport 80 -j MARK --set-mark 1'),
  ),
  run('client1', `curl http://${SITE1}`, { answers: ['page of site 1'] }),
];

const roundRobin = ({ caches, options }: CacheLab): readonly Step[] => [
  described('rr does not know of sites: every cache fetches every page.', run('lvs1', 'ipvsadm -A -f 1 -s rr')),
  ...caches.map((cache) => run('lvs1', `ipvsadm -a -f 1 -r ${cache} ${options}`)),
  mark,
  asks(`http://${SITE1}/rr`, 'MISS from cache2', 'MISS from cache1', 'HIT from cache2', 'HIT from cache1'),
  { kind: 'served', expect: { site: 2 } },
];

const locality = ({ caches, options, listed, method }: CacheLab): readonly Step[] => [
  described('lblc: all requests for one address go to one cache.', run('lvs1', 'ipvsadm -E -f 1 -s lblc')),
  table('lvs1', 'FWM 1 lblc', ...caches.map((cache) => `-> ${cache}:0 ${listed} 1`)),
  mark,
  asks(`http://${SITE1}/lblc`, 'MISS from cache2', 'HIT from cache2', 'HIT from cache2'),
  asks(`http://${SITE2}/lblc`, 'MISS from cache1', 'HIT from cache1', 'HIT from cache1'),
  asks(`http://${SITE3}/lblc`, 'MISS from cache2', 'HIT from cache2', 'HIT from cache2'),
  described('Each page was fetched once.', { kind: 'served', expect: { site: 3 } }),
  described('Why the next request for site 2 would go to the same cache.', {
    ...run('lvs1', `weir explain --from ${CLIENT}:5000 --to ${SITE2}:80 --mark 1`, {
      contains: [
        'verdict forwarded',
        'service FWM 1 lblc',
        `chosen ${caches[0]}:0 ${method} weight 1`,
        `not ${caches[1]}:0 ${method} weight 1`,
      ],
    }),
  }),
  described('The client is answered from the address that it asked for, and only caches ask the sites.', {
    kind: 'traffic',
    expect: [
      { say: 'connections to site 1', at: 'site', direction: 'to', destination: SITE1, flags: 'S', packets: 1 },
      { say: 'packets from the client at the sites', at: 'site', source: CLIENT, protocol: 'tcp', packets: 0 },
      { say: 'answers of site 1', at: 'client1', direction: 'to', source: SITE1, sourcePort: 80, flags: 'SA', packets: 3 },
    ],
  }),
  described('A cache retires: another one takes its sites over, and fetches their pages once more.', {
    ...run('lvs1', `ipvsadm -e -f 1 -r ${caches[1]} ${options} -w 0`),
  }),
  asks(`http://${SITE1}/lblc`, 'MISS from cache1', 'HIT from cache1'),
  run('lvs1', `ipvsadm -e -f 1 -r ${caches[1]} ${options} -w 1`),
  described('It comes back: sites that have moved stay where they are.', asks(`http://${SITE1}/lblc`, 'HIT from cache1')),
];

const [OPEN, AT_FIRST] = [3, 2] as const;
const replication = ({ listed }: CacheLab): readonly Step[] => [
  described('lblcr: where the cache of a site is busy, the site gets a second one.', run('lvs1', 'ipvsadm -E -f 1 -s lblcr')),
  mark,
  run('client1', `bash held.sh ${SITE3} ${OPEN} >held.txt 2>&1 &`),
  {
    kind: 'wait',
    on: 'client1',
    command: "tr -d '\\r' <held.txt | cut -d' ' -f4 | sort | uniq -c | sort -n | xargs",
    seconds: 30,
    expect: { matches: [`^${OPEN - AT_FIRST} cache[12] ${AT_FIRST} cache[12]$`] },
  },
  run('lvs1', 'ipvsadm -Ln', { matches: [`${listed} 1 ${AT_FIRST} `, `${listed} 1 ${OPEN - AT_FIRST} `] }),
  run('client1', 'touch done'),
];

/** A host that caches, apart from its network. */
export const cacheFiles = (name: string): NonNullable<LabHost['files']> => ({ 'nginx.conf': nginxOf(name) });

export const clientHost: LabHost = {
  interfaces: { eth0: { switch: 'clients', addresses: [`${CLIENT}/24`] } },
  gateway: ROUTER.clients,
  files: { 'held.sh': HELD },
};

export const siteHost: LabHost = {
  interfaces: { eth0: { switch: 'sites', addresses: SITES.map((address) => `${address}/24`) } },
  gateway: ROUTER.sites,
  sites: SITES.map((address, index) => ({ port: 80, address, body: `page of site ${index + 1}` })),
};

export const cacheLab = (lab: CacheLab): Lab => ({
  name: lab.name,
  title: `transparent web caches under ${lab.title}: a firewall mark for all sites, balanced by their addresses (lblc, lblcr)`,
  switches: lab.switches,
  hosts: lab.hosts,
  needs: ['curl', 'nginx', 'iptables', 'bash', ...lab.needs],
  steps: [...lab.prepared, ...setUp, ...roundRobin(lab), ...locality(lab), ...replication(lab)],
});

const cache = (name: string, address: string): LabHost => ({
  interfaces: { eth0: { switch: 'caches', addresses: [`${address}/24`] } },
  gateway: ROUTER.caches,
  files: cacheFiles(name),
});

const [CACHE1, CACHE2] = ['198.51.100.11', '198.51.100.12'];

export const cacheCluster = cacheLab({
  name: 'cache',
  title: 'VS/DR',
  switches: ['clients', 'caches', 'sites'],
  caches: [CACHE1, CACHE2],
  options: '-g',
  listed: 'Route',
  method: 'route',
  hosts: {
    client1: clientHost,
    lvs1: {
      director: true,
      interfaces: {
        eth0: { switch: 'clients', addresses: [`${ROUTER.clients}/24`] },
        eth1: { switch: 'caches', addresses: [`${ROUTER.caches}/24`] },
        eth2: { switch: 'sites', addresses: [`${ROUTER.sites}/24`] },
      },
      sysctls: { 'net.ipv4.ip_forward': 1 },
    },
    cache1: cache('cache1', CACHE1),
    cache2: cache('cache2', CACHE2),
    site: siteHost,
  },
  needs: [],
  prepared: [],
});
