// Networks for tests of the director on real packets, without their steps.
import assert from 'node:assert/strict';
import type { Lab, LabHost, Step } from '../../src/lab/definition/lab.js';
import { evidenceOf, withLabFile } from './weir-lab.js';

const natServer = (address: string): LabHost => ({
  interfaces: { eth0: { switch: 'back', addresses: [`${address}/24`] } },
  gateway: '10.8.2.1',
  sites: [{ port: 80 }],
});

/** client 10.8.1.10, VIP 10.8.1.1 on lvs, whose back interface is 10.8.2.1; web1 10.8.2.11, web2 10.8.2.12. */
export const natBed = (name: string, steps: readonly Step[], capture = true): Lab => ({
  name: `${name}-${process.pid}`,
  title: `${name} through NAT`,
  switches: ['front', 'back'],
  hosts: {
    client: { interfaces: { eth0: { switch: 'front', addresses: ['10.8.1.10/24'] } }, gateway: '10.8.1.1' },
    lvs: {
      director: true,
      interfaces: { eth0: { switch: 'front', addresses: ['10.8.1.1/24'] }, eth1: { switch: 'back', addresses: ['10.8.2.1/24'] } },
      sysctls: { 'net.ipv4.ip_forward': 1 },
    },
    web1: natServer('10.8.2.11'),
    web2: natServer('10.8.2.12'),
  },
  capture,
  steps,
});

const drServer = (address: string): LabHost => ({
  interfaces: { eth0: { switch: 'lan', addresses: [`${address}/24`] } },
  sites: [{ port: 80 }],
});

/** client 10.8.1.10, lvs 10.8.1.2 with the VIP 10.8.1.1, web1 10.8.1.11, web2 10.8.1.12; the director forwards nothing by itself. */
export const lanBed = (name: string, steps: readonly Step[], capture = true): Lab => ({
  name: `${name}-${process.pid}`,
  title: `${name} on one network`,
  switches: ['lan'],
  hosts: {
    client: { interfaces: { eth0: { switch: 'lan', addresses: ['10.8.1.10/24'] } } },
    lvs: {
      director: true,
      interfaces: { eth0: { switch: 'lan', addresses: ['10.8.1.2/24', '10.8.1.1/24'] } },
      sysctls: { 'net.ipv4.ip_forward': 0 },
    },
    web1: drServer('10.8.1.11'),
    web2: drServer('10.8.1.12'),
  },
  capture,
  steps,
});

/** The same with real servers of VS/DR. */
export const drBed = (name: string, steps: readonly Step[], capture = true): Lab =>
  lanBed(
    name,
    [
      { kind: 'run', on: 'web1', command: 'weir realserver start --vip 10.8.1.1' },
      { kind: 'run', on: 'web2', command: 'weir realserver start --vip 10.8.1.1' },
      ...steps,
    ],
    capture,
  );

export const on = (host: string, command: string, expect?: Extract<Step, { kind: 'run' }>['expect'], seconds = 30): Step =>
  expect === undefined ? { kind: 'run', on: host, command, seconds } : { kind: 'run', on: host, command, seconds, expect };

export const until = (host: string, command: string, expect: Extract<Step, { kind: 'wait' }>['expect'], seconds: number): Step => ({
  kind: 'wait',
  on: host,
  command,
  expect,
  seconds,
});

/** Runs a lab; all its expectations must hold. */
export async function holds(lab: Lab): Promise<void> {
  const { evidence, status, stderr } = await withLabFile(lab, (path) => evidenceOf(path));
  const failed = evidence.steps.flatMap(({ command, verdicts }) =>
    verdicts.filter(({ ok }) => !ok).map((verdict) => ({ command, ...verdict })),
  );
  assert.deepEqual([evidence.stopped, failed], [undefined, []], stderr);
  assert.equal(status, 0, stderr);
}

/** A virtual service of the beds' VIP, port 80, with these servers. */
export const service = (...servers: readonly string[]) => [
  on('lvs', 'ipvsadm -A -t 10.8.1.1:80 -s rr'),
  ...servers.map((server) => on('lvs', `ipvsadm -a -t 10.8.1.1:80 -r ${server}`)),
];
