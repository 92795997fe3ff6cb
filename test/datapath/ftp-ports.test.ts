// The helper for FTP by FULLNAT: the local ports of active data connections come back, of those that never come and of those that have ended.

import assert from 'node:assert/strict';
import { Conf, TcpState } from '../../src/datapath/ebpf/abi.gen.js';
import { FullnatPools } from '../../src/datapath/ebpf/table/fullnat-pools.js';
import { breadth, test } from '../support/breadth.js';
import { ip } from '../support/ip.js';
import { type Bed, inBed, skipReason } from './bed.js';
import { until } from './cluster.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { tcp } from './fixtures/packets.js';
import { tcp6 } from './fixtures/packets6.js';
import { carried } from './ftp-line.js';

const [CONTROL, CLIENT_PORT, NEVER, ENDED] = [21, 40_000, 4000, 4001] as const;
const FIRST_DESTINATION = 1;
const LISTEN_SECONDS = 120;
const text = new TextEncoder();

/** A director with a service of FTP, and packets of one control connection and its data. */
function talkerOf(bed: Bed, family: Family) {
  const { at, client, vip, own, servers } = family;
  const [server] = servers;
  const key = serviceKey('tcp', vip, CONTROL);
  bed.director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
  bed.director.addDestination(key, { ...destination(at(server, CONTROL), 'fullnat'), localAddresses: [ip(own.back)] });
  const packet = (from: string, to: string, letters: string, data = ''): Uint8Array =>
    family === IPv4 ? tcp({ from, to }, letters, { data: text.encode(data) }) : tcp6({ from, to }, letters, { data: text.encode(data) });
  return {
    asks: (from: number, to: number, letters: string, data = ''): Uint8Array => {
      const sent = bed.send('ingress', 'front', family.fromClient(packet(at(client, from), at(vip, to), letters, data), client));
      assert.equal(sent.verdict, 'redirect');
      return sent.frame;
    },
    answers: (from: number, to: number, letters: string): void => {
      const sent = bed.send('ingress', 'back', family.fromServer(packet(at(server, from), at(own.back, to), letters), server));
      assert.equal(sent.verdict, 'redirect');
    },
    line: (port: number): string => `EPRT |${family === IPv4 ? 1 : 2}|${client}|${port}|\r\n`,
  };
}

for (const family of [IPv4, IPv6]) {
  (family === IPv4 ? test : breadth)(`${family.name}: the local ports of data connections come back`, { skip: skipReason() }, () =>
    inBed(async (bed) => {
      const { asks, answers, line } = talkerOf(bed, family);
      const pools = new FullnatPools(bed.tables);
      const used = (): number => pools.useOf(FIRST_DESTINATION)[0]?.used ?? 0;
      const { conf } = bed.tables;
      const second = conf.get(0, Conf.tcpTimeout, TcpState.S_LISTEN) / LISTEN_SECONDS;
      for (const state of [TcpState.S_LISTEN, TcpState.S_CLOSE]) conf.set(0, Conf.tcpTimeout, second, state);
      const local = carried(asks(CLIENT_PORT, CONTROL, 'S')).sourcePort;
      answers(CONTROL, local, 'SA');
      asks(CLIENT_PORT, CONTROL, 'A');
      answers(CONTROL, local, 'A');
      const named = [NEVER, ENDED].map((port) =>
        Number(
          carried(asks(CLIENT_PORT, CONTROL, 'PA', line(port)))
            .text.split('|')
            .at(-2),
        ),
      );
      assert.equal(used(), 3);
      answers(20, named[1] ?? 0, 'S');
      asks(ENDED, 20, 'SA');
      answers(20, named[1] ?? 0, 'A');
      asks(ENDED, 20, 'R');
      await until(used, (count) => count === 1, 30);
      assert.deepEqual(bed.drops(), {});
      const last = Number(
        carried(asks(CLIENT_PORT, CONTROL, 'PA', line(NEVER)))
          .text.split('|')
          .at(-2),
      );
      assert.ok(last > 0 && !named.includes(last), `${last} after ${named.join(' ')}`);
    }),
  );
}
