// A director whose servers are behind a router, for tests of weir doctor: VS/TUN, its tunnels taken out by programs, and FULLNAT.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { DECAPSULATE } from '../datapath/decapsulate.js';
import { Bed, type Host, noNamespaces, untilAddressesAreUsed } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import type { Verdict } from './verdict.js';

export const on = { skip: noNamespaces() || noTools('perl', 'ethtool') };
export const bed = new Bed();
export let gate: Host;
export let guest: Host;
export let far: Host;
export let near: Host;

export const VIPS = ['100.66.1.10', '2001:db8:66::10'] as const;
/** The table lists services of IPv6 first. */
export const ALL = [...VIPS].reverse().join(',');
export const FAR = ['10.77.0.3', 'fd00:77::3'] as const;
export const LOCALS = ['10.200.9.9', 'fd00:9::9'] as const;
export const NEAR = '10.200.9.3';
/** Of one port: the tunnel's options, and whether its outer packets are of IPv6. */
export type TunnelRow = readonly [options: string, six: boolean];
export const FIRST_PORT = 81;
export const FULLNAT_PORT = 90;
export const literal = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** The ends of the tunnels on the server: protocol, port of UDP, family. */
export const ENDS = [
  [4, 0, ''],
  [41, 0, ''],
  [47, 0, ''],
  [0, 6080, ''],
  [4, 0, '6'],
  [41, 0, '6'],
  [47, 0, '6'],
  [0, 6080, '6'],
] as const;

const listener = (ports: readonly number[]): string =>
  `let left=${ports.length};for(const p of [${ports}])require('net').createServer((c)=>{c.on('error',()=>{});c.end('here\\n')}).listen(p,'::',()=>--left||console.log('ready'))`;

export async function decapsulate(): Promise<void> {
  for (const [index, [protocol, port, six]] of ENDS.entries()) {
    await far.serve(bed, ['perl', '-e', DECAPSULATE.replace('"tun0"', `"tun${index}"`), `${protocol}`, `${port}`, six]);
    far.sysctl(`net.ipv4.conf.tun${index}.rp_filter`, '0');
    far.ip(`link set tun${index} up`);
  }
}

function route(): void {
  const [wan, dmz, lan] = [bed.lan('wan'), bed.lan('dmz'), bed.lan('lan')];
  const router = bed.host('router');
  bed.cable(gate, 'wan2', wan, '100.66.1.1/24', '2001:db8:66::1/64');
  bed.cable(gate, 'dmz8', dmz, '10.200.9.1/28', 'fd00:9::1/64');
  bed.cable(guest, 'gu4', wan, '100.66.1.77/24', '2001:db8:66::77/64');
  // Where a program takes a packet out of its tunnel, no device completes the checksum any more.
  assert.equal(guest.run(['ethtool', '-K', 'gu4', 'tx', 'off']).status, 0);
  bed.cable(near, 'ne5', dmz, `${NEAR}/28`);
  bed.cable(router, 'wan', wan, '100.66.1.254/24', '2001:db8:66::fe/64');
  bed.cable(router, 'dmz', dmz, '10.200.9.14/28', 'fd00:9::e/64');
  bed.cable(router, 'lan', lan, '10.77.0.1/24', 'fd00:77::1/64');
  bed.cable(far, 'fa6', lan, `${FAR[0]}/24`, `${FAR[1]}/64`);
  router.sysctl('net.ipv4.ip_forward', '1');
  for (const host of [gate, router]) host.sysctl('net.ipv6.conf.all.forwarding', '1');
  gate.ip('route add 10.77.0.0/24 via 10.200.9.14');
  gate.ip('-6 route add fd00:77::/64 via fd00:9::e');
  far.ip('route add default via 10.77.0.1');
  far.ip('-6 route add default via fd00:77::1');
  for (const host of [router, far]) {
    for (const device of ['all', 'default', ...(host === far ? ['fa6'] : ['wan', 'dmz', 'lan'])])
      host.sysctl(`net.ipv4.conf.${device}.rp_filter`, '0');
  }
}

/** `ports`: those of the services of tunnels. */
async function start(ports: readonly number[]): Promise<void> {
  [gate, guest, far, near] = ['gate', 'guest', 'far', 'near'].map((name) => bed.host(name)) as [Host, Host, Host, Host];
  route();
  for (const [index, vip] of VIPS.entries()) {
    assert.equal(gate.weir(`vip add ${vip} --dev wan2`).status, 0);
    far.ip(`addr add ${vip}/${index === 0 ? 32 : 128} dev lo${index === 0 ? '' : ' nodad'}`);
    gate.ip(`addr add ${LOCALS[index]}/${index === 0 ? 28 : 64} dev dmz8${index === 0 ? '' : ' nodad'}`);
  }
  await untilAddressesAreUsed(gate, guest, far);
  await far.serve(bed, [process.execPath, '-e', listener([...ports, FULLNAT_PORT])]);
  await near.listen(bed, '0.0.0.0', FULLNAT_PORT);
}

/** The bed of a test file, for so many services of tunnels of each VIP. */
export function routedBed(tunnels: number): void {
  before(async () => {
    if (!on.skip) await start(Array.from({ length: tunnels }, (_, index) => FIRST_PORT + index));
  });
  after(() => {
    gate?.weir('unload');
    bed.close();
  });
}

export const ipvsadm = (...lines: readonly string[]): void => {
  for (const line of lines) assert.deepEqual(gate.ipvsadm(line), { status: 0, stdout: '', stderr: '' }, line);
};
export const fetch = (vip: string, port: number): string =>
  guest.run(['timeout', '30', 'bash', '-c', `exec 3<>/dev/tcp/${vip}/${port}; cat <&3`]).stdout;

export const found = ({ findings }: Verdict) => findings.map(({ what, cause, fix, on: where }) => ({ what, cause, fix, on: where }));

/** A service for each tunnel, of each of these virtual addresses. */
export function addTunnels(rows: readonly TunnelRow[], vips: readonly string[] = VIPS): void {
  for (const vip of vips) {
    for (const [index, [options, six]] of rows.entries()) {
      const service = `${literal(vip)}:${FIRST_PORT + index}`;
      const server = FAR[six ? 1 : 0];
      ipvsadm(`-A -t ${service} -s rr`, `-a -t ${service} -r ${server} -i --tun-type ${options}`);
    }
  }
}
