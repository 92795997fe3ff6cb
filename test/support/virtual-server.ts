// A virtual server as the configuration has it, for tests of what is made of it: 192.0.2.1:80 by NAT, and what a test changes.
import type { RealServer, VirtualServer } from '../../src/model/keepalived/virtual-server.js';
import { ip } from './ip.js';

const tunnel = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;

export const realServer = (address: string, change: Partial<RealServer> = {}): RealServer => ({
  address: ip(address),
  port: 80,
  method: 'masq',
  tunnel,
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  inhibitOnFailure: false,
  slowStartUs: 0,
  alpha: false,
  smtpAlert: true,
  checkers: [],
  ...change,
});

export const virtualServer = (change: Partial<VirtualServer> = {}): VirtualServer => ({
  name: '[192.0.2.1]:tcp:80',
  target: { kind: 'service', key: { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 } },
  protocol: 'tcp',
  scheduler: 'wlc',
  schedFlags: 0,
  method: 'masq',
  tunnel,
  onePacket: false,
  alpha: false,
  omega: false,
  quorum: 1,
  hysteresis: 0,
  haSuspend: false,
  smtpAlert: false,
  sorryInhibit: false,
  realServers: [realServer('10.0.0.1'), realServer('10.0.0.2')],
  ...change,
});
