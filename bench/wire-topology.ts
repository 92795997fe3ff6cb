// The stations of the wire part: a client, a director and two real servers, on point-to-point veth pairs so that no bridge
// is measured; and links that bypass the director, for "direct" and for the replies of direct routing.
//
//   client                      director                    server 1, server 2
//   c0 10.1.0.2 --------- l0 10.1.0.1 (VIP 10.1.0.100)
//                         r1 10.2.1.1 ------------- e0 10.2.1.2
//                         r2 10.2.2.1 ------------- e0 10.2.2.2
//   b1 10.3.1.1 ----------------------------------- b0 10.3.1.2
//   b2 10.3.2.1 ----------------------------------- b0 10.3.2.2
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { dropNamespace, type End, makeNamespace, makePair, neighbour, setFeatures, setSysctls } from './namespaces.js';
import { run, serve, stop } from './processes.js';

/** `nat`: replies come back through the director. `dr`: servers own the VIP and answer past it. */
export type Mode = 'nat' | 'dr';
/** `default`: as veth comes, with 64 KB super-packets and no checksums; `nic`: stations put MTU-sized, summed packets on the wire. */
export type Offload = 'default' | 'nic';

export const VIP = '10.1.0.100';
export const servers = ['10.2.1.2', '10.2.2.2'] as const;
/** The director's own address on each server's network. */
export const localAddressFor = { '10.2.1.2': '10.2.1.1', '10.2.2.2': '10.2.2.1' } as const;
export const DIRECT_SERVER = '10.3.1.2';

export interface Topology {
  readonly client: string;
  readonly director: string;
  readonly servers: readonly [string, string];
  /** For configuration files and the like; removed with the topology. */
  readonly folder: string;
  /** What runs in it; ended with it. */
  readonly children: ChildProcess[];
  /** What a peer has opened in it; closed with it. */
  readonly opened: { close(): void }[];
}

const busy = [
  'net.ipv4.ip_local_port_range=1024 65535',
  'net.ipv4.tcp_tw_reuse=1',
  'net.ipv4.tcp_fin_timeout=5',
  'net.core.somaxconn=65535',
  'net.ipv4.tcp_max_syn_backlog=65535',
];

const end = (namespace: string, device: string, mac: string, address: string): End => ({
  namespace,
  device,
  mac: `02:00:00:00:${mac}`,
  address,
});

const connectAll = (client: string, director: string, [first, second]: Topology['servers']): void => {
  const inside = end(director, 'l0', '01:01', '10.1.0.1/24');
  makePair(end(client, 'c0', '01:02', '10.1.0.2/24'), inside);
  neighbour({ namespace: client, device: 'c0' }, VIP, inside.mac);
  makePair(end(director, 'r1', '21:01', '10.2.1.1/24'), end(first, 'e0', '21:02', '10.2.1.2/24'));
  makePair(end(director, 'r2', '22:01', '10.2.2.1/24'), end(second, 'e0', '22:02', '10.2.2.2/24'));
  makePair(end(client, 'b1', '31:01', '10.3.1.1/24'), end(first, 'b0', '31:02', '10.3.1.2/24'));
  makePair(end(client, 'b2', '32:01', '10.3.2.1/24'), end(second, 'b0', '32:02', '10.3.2.2/24'));
};

const routeAll = (mode: Mode, client: string, director: string, backs: Topology['servers']): void => {
  run(client, ['ip', 'route', 'add', '10.2.0.0/16', 'via', '10.1.0.1']);
  setSysctls(director, ['net.ipv4.ip_forward=1']);
  run(director, ['ip', 'address', 'add', `${VIP}/32`, 'dev', 'l0']);
  backs.forEach((server, index) => {
    const gateway = mode === 'dr' ? `10.3.${index + 1}.1` : `10.2.${index + 1}.1`;
    run(server, ['ip', 'route', 'add', 'default', 'via', gateway]);
    if (mode === 'dr') run(server, ['ip', 'address', 'add', `${VIP}/32`, 'dev', 'lo']);
  });
};

const likeNics = (client: string, director: string, backs: Topology['servers']): void => {
  const stations: readonly (readonly [string, string])[] = [
    [client, 'c0'],
    [client, 'b1'],
    [client, 'b2'],
    ...backs.flatMap(
      (back) =>
        [
          [back, 'e0'],
          [back, 'b0'],
        ] as const,
    ),
  ];
  for (const [station, device] of stations) setFeatures(station, device, 'tx', 'off', 'gro', 'on');
  for (const device of ['l0', 'r1', 'r2']) setFeatures(director, device, 'gro', 'on');
};

const webServer = (folder: string, index: number): string => `daemon off; master_process off; worker_processes 1;
pid ${folder}/web${index}.pid; error_log ${folder}/web${index}.err warn;
events { worker_connections 16384; multi_accept on; }
http { access_log off; keepalive_requests 100000000; keepalive_timeout 60s; tcp_nodelay on; reset_timedout_connection on;
  client_body_temp_path ${folder}/b${index}; proxy_temp_path ${folder}/p${index}; fastcgi_temp_path ${folder}/f${index};
  uwsgi_temp_path ${folder}/u${index}; scgi_temp_path ${folder}/s${index};
  server { listen 80 backlog=65535; location / { return 200 "hello from server ${index}\\n"; }
    location /files/ { root ${folder}; sendfile on; tcp_nopush on; open_file_cache max=16; } } }
`;

/** Waits until something listens on a TCP port of a namespace. @throws Error after 10 s */
export const listening = async (namespace: string, port: number): Promise<void> => {
  const until = Date.now() + 10_000;
  while (run(namespace, ['ss', '-Hltn', `sport = :${port}`]) === '') {
    if (Date.now() > until) throw new Error(`nothing listens on port ${port} in ${namespace}`);
    await wait(20);
  }
};

const startServers = async (topology: Topology): Promise<void> => {
  for (const [index, server] of topology.servers.entries()) {
    const file = join(topology.folder, `web${index + 1}.conf`);
    writeFileSync(file, webServer(topology.folder, index + 1));
    topology.children.push(serve(server, ['nginx', '-c', file, '-p', topology.folder, '-e', join(topology.folder, 'start.err')]));
    topology.children.push(serve(server, ['iperf3', '-s', '-p', '5201']));
  }
  for (const server of topology.servers) for (const port of [80, 5201]) await listening(server, port);
};

/** Builds one set of stations and starts nginx (tcp/80) and iperf3 (tcp/5201) on both servers. */
export const makeTopology = async (name: string, mode: Mode, offload: Offload): Promise<Topology> => {
  const topology: Topology = {
    client: makeNamespace(`${name}-cl`),
    director: makeNamespace(`${name}-di`),
    servers: [makeNamespace(`${name}-s1`), makeNamespace(`${name}-s2`)],
    folder: mkdtempSync(join(tmpdir(), 'weir-bench-')),
    children: [],
    opened: [],
  };
  const { client, director, servers: backs } = topology;
  for (const station of [client, director, ...backs]) setSysctls(station, busy);
  connectAll(client, director, backs);
  routeAll(mode, client, director, backs);
  if (offload === 'nic') likeNics(client, director, backs);
  await startServers(topology);
  return topology;
};

/** Ends what runs in it and removes its namespaces and files. */
export const dropTopology = async (topology: Topology): Promise<void> => {
  await Promise.all(topology.children.map(stop));
  for (const each of topology.opened) each.close();
  for (const namespace of [topology.client, topology.director, ...topology.servers]) dropNamespace(namespace);
  rmSync(topology.folder, { recursive: true, force: true });
};
