// keepalived.conf with thousands of checks, for the bench.
import { PROBE_PORT, places } from './checks-bed.js';

export type Checked = 'tcp' | 'http';

/** Each checks all places once a second. */
export const SERVERS: Readonly<Record<Checked, number>> = { tcp: 20, http: 8 };
/** Those whose attempts are captured, each every PROBE_INTERVAL_S. */
const PROBES = 20;
export const PROBE_INTERVAL_S = 0.1;
export const ADVERT_INTERVAL_S = 0.1;

const checkOf: Readonly<Record<Checked, string>> = {
  tcp: 'TCP_CHECK {\n  connect_timeout 5\n}',
  http: 'HTTP_GET {\n  url {\n    path /\n    status_code 200\n  }\n  connect_timeout 5\n}',
};

const virtualServer = (address: string, delay: number | string, realServers: readonly string[]): string =>
  `virtual_server ${address} 80 {\n  delay_loop ${delay}\n  lb_algo rr\n  lb_kind NAT\n  protocol TCP\n${realServers.join('\n')}\n}\n`;

const realServer = (place: string, check: string): string => `real_server ${place} {\n${check}\n}`;

/** As many checks a second as the aim is, and probes. */
export const manyChecks = (kind: Checked, vrrp: boolean): string =>
  [
    'global_defs {\n  vrrp_version 3\n  vrrp_min_garp\n}\n',
    ...Array.from({ length: SERVERS[kind] }, (_, index) =>
      virtualServer(
        `10.97.0.${index + 1}`,
        1,
        places.map((place) => realServer(place, checkOf[kind])),
      ),
    ),
    virtualServer(
      '10.97.1.1',
      PROBE_INTERVAL_S,
      Array.from({ length: PROBES }, (_, index) => realServer(`10.98.2.${index + 1} ${PROBE_PORT}`, checkOf.tcp)),
    ),
    vrrp
      ? `vrrp_instance V1 {\n  interface eth0\n  virtual_router_id 1\n  priority 255\n  advert_int ${ADVERT_INTERVAL_S}\n  virtual_ipaddress {\n    10.99.1.1/32\n  }\n}\n`
      : '',
  ].join('');

/** One virtual server with a server that is checked every second, and is down at the first failure. */
export const oneServer = virtualServer('10.97.0.1', 1, [realServer(places[0] ?? '', 'TCP_CHECK {\n  connect_timeout 1\n  retry 0\n}')]);

export const MANY_SERVERS = 1000;
export const MANY_REALS = 10;

/** 1,000 virtual servers of 10 real servers each, all checked. */
export const manyServers = Array.from({ length: MANY_SERVERS }, (_, index) =>
  virtualServer(
    `10.97.${10 + Math.floor(index / 250)}.${(index % 250) + 1}`,
    60,
    Array.from({ length: MANY_REALS }, (_real, real) => realServer(`10.98.1.${real + 1} ${8001 + (index % 10)}`, checkOf.tcp)),
  ),
).join('');
