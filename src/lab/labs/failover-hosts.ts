// The hosts of the lab failover: two directors that keep each other's connections by weir's own stream, three servers, two clients outside, and one inside.
import type { Lab, LabHost } from '../definition/lab.js';

/** For clients outside, by VS/NAT. */
export const NAT_VIP = '203.0.113.100';
/** For clients on the servers' own network, by VS/DR. */
export const DR_VIP = '10.0.0.100';
/** For clients outside, by FULLNAT. */
export const FULLNAT_VIP = '203.0.113.101';
/** Stands for them at the servers. */
const LOCAL = '10.0.0.77';
/** The servers' gateway, which moves with the others. */
const GATEWAY = '10.0.0.1';
/** As the master has them. */
export const VIPS = [
  `${NAT_VIP}/24 dev eth0`,
  `${DR_VIP}/24 dev eth1`,
  `${GATEWAY}/24 dev eth1`,
  `${FULLNAT_VIP}/24 dev eth0`,
  `${LOCAL}/24 dev eth1`,
];
export const PORT = 7000;
export const SERVERS = [11, 12, 13].map((last) => `10.0.0.${last}`);

const realServers = SERVERS.map((address) => `    real_server ${address} ${PORT} {\n        weight 1\n    }\n`).join('');
const service = (vip: string, method: string): string => `virtual_server ${vip} ${PORT} {
    lvs_sched rr
    lvs_method ${method}
    protocol TCP
${realServers}}
`;

/** keepalived.conf has no FULLNAT: it is put into an empty table by these commands. */
export const FULLNAT = [
  `ipvsadm -A -t ${FULLNAT_VIP}:${PORT} -s rr`,
  ...SERVERS.map((server) => `ipvsadm -a -t ${FULLNAT_VIP}:${PORT} -r ${server}:${PORT} --fullnat --local-address ${LOCAL}`),
].join(' && ');

/** The director that is master while it can be has the number 1. KEYFILE is where the lab puts the path. */
const configuration = (own: 1 | 2): string => `global_defs {
    router_id lvs${own}
    lvs_sync_stream {
        key KEYFILE
        listen 10.8.9.${own}
        peer 10.8.9.${3 - own}
    }
}

vrrp_instance VI_1 {
    state ${own === 1 ? 'MASTER' : 'BACKUP'}
    interface eth0
    track_interface {
        eth1
    }
    virtual_router_id 51
    priority ${own === 1 ? 120 : 100}
    advert_int 1
    virtual_ipaddress {
${VIPS.map((vip) => `        ${vip}\n`).join('')}    }
}

${service(NAT_VIP, 'NAT')}
${service(DR_VIP, 'DR')}`;

const director = (own: 1 | 2): LabHost => ({
  director: true,
  interfaces: {
    eth0: { switch: 'front', addresses: [`203.0.113.${own}/24`] },
    eth1: { switch: 'back', addresses: [`10.0.0.${own + 1}/24`] },
    eth2: { switch: 'link', addresses: [`10.8.9.${own}/24`] },
  },
  sysctls: { 'net.ipv4.ip_forward': 1 },
  files: { 'keepalived.conf': configuration(own) },
});
const server = (address: string): LabHost => ({
  interfaces: { eth0: { switch: 'back', addresses: [`${address}/24`] } },
  gateway: GATEWAY,
  sites: [{ port: PORT, protocol: 'chat' }],
});
/** What a download has not read yet waits at the server, not here. */
const client = (network: string, address: string): LabHost => ({
  interfaces: { eth0: { switch: network, addresses: [`${address}/24`] } },
  sysctls: { 'net.ipv4.tcp_rmem': '4096 65536 65536' },
});

export const hosts: Lab['hosts'] = {
  client1: client('front', '203.0.113.50'),
  client2: client('back', '10.0.0.50'),
  client3: client('front', '203.0.113.51'),
  lvs1: director(1),
  lvs2: director(2),
  web1: server(SERVERS[0] ?? ''),
  web2: server(SERVERS[1] ?? ''),
  web3: server(SERVERS[2] ?? ''),
};
