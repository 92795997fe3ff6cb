// The peers that are compared on the wire: each peer balances tcp/80 (two servers, round robin), tcp/5201 (one) and udp/9000 (two) on the VIP.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ATTACH_TCX_INGRESS, ObjectFile } from '../src/sys/bpf/bpf-objects.js';
import { using } from '../src/sys/fd.js';
import { deviceIndex, inside } from './inside.js';
import { installed, run, serve } from './processes.js';
import { DIRECT_SERVER, listening, localAddressFor, type Mode, servers, type Topology, VIP } from './wire-topology.js';

export interface Peer {
  readonly name: string;
  readonly mode: Mode;
  /** Where the client connects to. */
  readonly target: string;
  /** Whether it balances UDP at all. */
  readonly udp: boolean;
  /** The tests that it takes part in; absent: all. */
  readonly tests?: readonly string[];
  /** Why it cannot take part here; undefined when it can. */
  missing(): string | undefined;
  /** Sets it up in a standing topology. */
  begin(topology: Topology): Promise<void>;
  /** Takes away what outlives its processes and namespaces. */
  end(topology: Topology): void;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const [first, second] = servers;
const needs = (program: string): string | undefined => (installed(program) ? undefined : `${program} is not installed`);
const nothing = { missing: (): undefined => undefined, begin: async (): Promise<void> => {}, end: (): void => {} };

/** Given as an argument: nft 1.0.9 reads no standard input that is a socket, as node's is. */
const nftRules = `table ip lb {
  chain pre { type nat hook prerouting priority dstnat; policy accept;
    ip daddr ${VIP} tcp dport 80 dnat to numgen inc mod 2 map { 0 : ${first}, 1 : ${second} }
    ip daddr ${VIP} tcp dport 5201 dnat to ${first}
    ip daddr ${VIP} udp dport 9000 dnat to numgen inc mod 2 map { 0 : ${first}, 1 : ${second} }
  }
}
`;

const haproxyConfig = `global
  maxconn 4000
  nbthread 1
  tune.bufsize 16384
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option splice-auto
  option tcp-smart-accept
  option tcp-smart-connect
listen web
  bind ${VIP}:80
  balance roundrobin
  server one ${first}:80
  server two ${second}:80
listen bulk
  bind ${VIP}:5201
  server one ${first}:5201
`;

/** Debian ships the stream module apart from nginx. */
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** One process, as the servers: a worker of its own would neither be counted nor end with its master's sudden end. */
const nginxConfig = (folder: string): string => `${existsSync(STREAM_MODULE) ? `load_module ${STREAM_MODULE};` : ''}
daemon off; master_process off; worker_processes 1; pid ${folder}/lb.pid; error_log ${folder}/lb.err warn;
events { worker_connections 16384; multi_accept on; }
stream { tcp_nodelay on; proxy_buffer_size 16k;
  upstream web { server ${first}:80; server ${second}:80; }
  upstream bulk { server ${first}:5201; }
  upstream names { server ${first}:9000; server ${second}:9000; }
  server { listen ${VIP}:80 reuseport backlog=65535; proxy_pass web; }
  server { listen ${VIP}:5201; proxy_pass bulk; }
  server { listen ${VIP}:9000 udp reuseport; proxy_pass names; proxy_responses 0; proxy_timeout 5s; } }
`;

const nginxLacks = (): string | undefined => {
  if (!installed('nginx')) return 'nginx is not installed';
  if (existsSync(STREAM_MODULE)) return undefined;
  const built = run(undefined, ['sh', '-c', 'nginx -V 2>&1']);
  return /--with-stream(\s|$)/.test(built) ? undefined : 'nginx has no stream module (Debian: libnginx-mod-stream)';
};

/** How weir forwards: the options of `ipvsadm -a`, of each server, and where the servers answer. */
interface Method {
  readonly mode: Mode;
  readonly options: (server: (typeof servers)[number]) => string;
  /** Servers take packets out of tunnels. */
  readonly tunnel?: true;
}

const METHODS = {
  NAT: { mode: 'nat', options: () => '-m' },
  DR: { mode: 'dr', options: () => '-g' },
  'TUN by ipip': { mode: 'dr', options: () => '-i', tunnel: true },
  'TUN by gre': { mode: 'dr', options: () => '-i --tun-type gre', tunnel: true },
  'TUN by gue': { mode: 'dr', options: () => '-i --tun-type gue --tun-port 6080', tunnel: true },
  FULLNAT: { mode: 'nat', options: (server) => `--fullnat --local-address ${localAddressFor[server]}` },
} as const satisfies Readonly<Record<string, Method>>;
type MethodName = keyof typeof METHODS;

const weirTable = ({ options }: Method): string =>
  [
    `-A -t ${VIP}:80 -s rr`,
    `-a -t ${VIP}:80 -r ${first}:80 ${options(first)} -w 1`,
    `-a -t ${VIP}:80 -r ${second}:80 ${options(second)} -w 1`,
    `-A -t ${VIP}:5201 -s rr`,
    `-a -t ${VIP}:5201 -r ${first}:5201 ${options(first)} -w 1`,
    `-A -u ${VIP}:9000 -s rr`,
    `-a -u ${VIP}:9000 -r ${first}:9000 ${options(first)} -w 1`,
    `-a -u ${VIP}:9000 -r ${second}:9000 ${options(second)} -w 1`,
    '',
  ].join('\n');

const DECAP_PROGRAM = 'decap';

/** Takes what comes by a tunnel out of it, at both servers. */
const takeOut = ({ servers: backs, opened }: Topology, object: string): void =>
  using(new ObjectFile(object), (file) =>
    using(file.load().program(DECAP_PROGRAM), (program) => {
      for (const back of backs) opened.push(inside(back, () => program.attach(deviceIndex(back, 'e0'), ATTACH_TCX_INGRESS)));
    }),
  );

/** A packet filter as operators have it: what is known goes on, services are open, the rest is refused. */
const filterRules = `table inet filter {
  chain input { type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    ip protocol icmp accept
    ip daddr ${VIP} tcp dport { 80, 5201 } accept
    ip daddr ${VIP} udp dport 9000 accept
  }
}
`;

interface Weir {
  readonly method: MethodName;
  /** The compiled bench/decap.bpf.c. */
  readonly decap: string;
  readonly tests?: readonly string[];
  /** With --firewall honour, behind a packet filter. */
  readonly honours?: true;
}

const weirName = (method: MethodName, honours?: true): string => `weir ${method}${honours ? ', honour' : ''}`;

const weir = ({ method, decap, tests, honours }: Weir): Peer => {
  const how: Method = METHODS[method];
  return {
    name: weirName(method, honours),
    mode: how.mode,
    target: VIP,
    udp: true,
    ...(tests === undefined ? {} : { tests }),
    missing: () => (honours ? needs('nft') : undefined),
    begin: async (topology) => {
      const { director } = topology;
      if (how.tunnel) takeOut(topology, decap);
      if (honours) {
        run(director, ['nft', filterRules]);
        run(director, [join(root, 'bin/weir'), 'load', '--firewall', 'honour']);
      }
      run(director, [join(root, 'bin/ipvsadm'), '-R'], weirTable(how));
    },
    end: ({ director }) => {
      run(director, [join(root, 'bin/weir'), 'unload']);
    },
  };
};

/** The peer that the gates are for. */
export const SUBJECT = weirName('NAT');
/** What the other methods are compared with. */
export const REFERENCE = 'nft DNAT';

/** At least this ratio of each method to nft's DNAT, of requests: with one core for all, and by a core of the director's own (wire-core.ts). */
const AT_LEAST = 1.1;
const PAST_DIRECTOR = 1.4;
const OTHER_METHODS = ['DR', 'TUN by ipip', 'TUN by gre', 'TUN by gue', 'FULLNAT'] as const;
const HONOURING = ['NAT', 'DR', 'TUN by ipip', 'FULLNAT'] as const;
const HONOUR_ATLEAST = 1;
export const requestsAtLeast: ReadonlyMap<string, number> = new Map([
  ...OTHER_METHODS.map((method) => [weirName(method), AT_LEAST] as const),
  ...HONOURING.map((method) => [weirName(method, true), HONOUR_ATLEAST] as const),
]);

/** By methods whose answers do not pass the director more is asked of its core. */
export const requestsByCoreAtLeast: ReadonlyMap<string, number> = new Map(
  (['NAT', ...OTHER_METHODS] as const).map((method) => [weirName(method), METHODS[method].mode === 'dr' ? PAST_DIRECTOR : AT_LEAST]),
);

const REQUESTS = ['requests'];

/** weir by its other methods, and behind a packet filter. `decap`: the compiled bench/decap.bpf.c. */
export const weirs = (decap: string): readonly Peer[] => [
  weir({ method: 'NAT', decap }),
  weir({ method: 'DR', decap }),
  ...(['TUN by ipip', 'TUN by gre', 'TUN by gue', 'FULLNAT'] as const).map((method) => weir({ method, decap, tests: REQUESTS })),
  ...HONOURING.map((method) => weir({ method, decap, honours: true, tests: [...REQUESTS, ...(method === 'NAT' ? ['connections'] : [])] })),
];

export const otherPeers: readonly Peer[] = [
  { name: 'direct', mode: 'nat', target: DIRECT_SERVER, udp: true, ...nothing },
  { name: 'routing', mode: 'nat', target: first, udp: true, ...nothing },
  {
    name: REFERENCE,
    mode: 'nat',
    target: VIP,
    udp: true,
    missing: () => needs('nft'),
    begin: async ({ director }) => {
      run(director, ['nft', nftRules]);
    },
    end: () => {},
  },
  {
    name: 'haproxy',
    mode: 'nat',
    target: VIP,
    udp: false,
    missing: () => needs('haproxy'),
    begin: async ({ director, folder, children }) => {
      writeFileSync(join(folder, 'haproxy.cfg'), haproxyConfig);
      children.push(serve(director, ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')]));
      await listening(director, 80);
    },
    end: () => {},
  },
  {
    name: 'nginx stream',
    mode: 'nat',
    target: VIP,
    udp: true,
    tests: ['requests', 'connections', 'udp', 'bulk'],
    missing: nginxLacks,
    begin: async ({ director, folder, children }) => {
      writeFileSync(join(folder, 'lb.conf'), nginxConfig(folder));
      children.push(serve(director, ['nginx', '-c', join(folder, 'lb.conf'), '-p', folder, '-e', join(folder, 'start.err')]));
      await listening(director, 80);
    },
    end: () => {},
  },
];
