// The verdicts of the proxy's checks in content switching: a server that is down gets no new connection, and those that it has go on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readWeirFile } from '../../src/config/weir/read.js';
import { PoolKeeper } from '../../src/daemon/proxy/pool-keeper.js';
import { outServers, writeOuts } from '../../src/datapath/ebpf/switch/switch-outs.js';
import { endpointText } from '../../src/model/endpoint-text.js';
import { explainLive } from '../../src/report/explain/live-probe.js';
import { observedReader } from '../../src/report/observed-reader.js';
import { skipReason } from './bed.js';
import { at, IPV6 } from './fixtures/bed-addresses.js';
import { TC } from './run.js';
import { CLIENT, FIRST, freshPort, greeted, ONE, request, type SwitchBed, switchBed, TWO } from './switch-bed.js';

const skip = skipReason();
const SIX = '[fd00:1::100]:80';
const CONFIG = `layer7:
  listeners: { first: "${FIRST}", six: "${SIX}" }
  pools:
    both:
      servers: ["${ONE}:80", "${TWO}:80"]
      checks: { delay_loop: 1, TCP_CHECK: { connect_timeout: 1 } }
    six: { servers: ["[${IPV6.servers[0]}]:80", "[${IPV6.servers[1]}]:80"] }
  hosts:
    - { server_name: [a.example], listen: first, way: switch, locations: [{ location: /, pool: both }] }
    - { server_name: [a.example], listen: six, way: switch, locations: [{ location: /, pool: six }] }
`;

/** Where a new connection goes. */
function begun(bed: SwitchBed, to: string): string {
  const { from, cookie } = greeted(bed, to);
  return bed.fromClient(from, to, 'PA', { sequence: 5001, acknowledgement: (cookie + 1) >>> 0, payload: request() }).to;
}

const names = (bed: SwitchBed): readonly string[] => outServers(bed.folder).map((server) => endpointText(server));

test('a server that is out gets no new connection, is explained, and keeps those that it has', { skip }, () => {
  const bed = switchBed(CONFIG);
  const { from, cookie } = greeted(bed, FIRST);
  const acknowledgement = (cookie + 1) >>> 0;
  const { to: server } = bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement, payload: request() });
  const outs = [at(server.split(':')[0] ?? '', 80), at(IPV6.servers[0], 80)];
  writeOuts(bed.folder, outs, undefined);
  const others = Array.from({ length: 8 }, () => begun(bed, FIRST));
  assert.deepEqual(
    [...new Set(others)],
    [`${ONE}:80`, `${TWO}:80`].filter((each) => each !== server),
  );
  assert.deepEqual([...new Set(Array.from({ length: 8 }, () => begun(bed, SIX)))], [`[${IPV6.servers[1]}]:80`]);
  // Its own goes on, from its server's answer on; its client's segments, too.
  assert.equal(bed.fromServer(server, from, 'SA', { sequence: 77, acknowledgement: 5001 }).code, TC.unspec);
  assert.equal(bed.fromClient(from, FIRST, 'A', { sequence: 5100, acknowledgement }).code, TC.unspec);

  const reader = observedReader();
  const asked = { protocol: 'tcp', from: at(CLIENT, freshPort()), to: at('10.0.1.100', 80), device: 'front', mark: 0, ttl: 64 } as const;
  const { scheduled, becomes } = explainLive(reader, { ...asked, request: { host: 'a.example', path: '/' } });
  reader.close();
  assert.equal(becomes?.to, others[0]);
  assert.equal(scheduled?.servers.find((each) => each.server === server)?.why, 'checks found it down');

  // Those of another writer stay.
  writeOuts(bed.folder, [], new Set([server]));
  assert.deepEqual(names(bed), [`[${IPV6.servers[0]}]:80`]);
  writeOuts(bed.folder, [], undefined);
  assert.deepEqual(names(bed), []);
});

test("what the proxy's checks find reaches content switching, and ends with the proxy", { skip }, async () => {
  const bed = switchBed(CONFIG);
  writeOuts(bed.folder, [at('192.0.2.1', 1)], undefined); // a process that was killed has left it
  const { layer7 } = readWeirFile(CONFIG).file;
  const keeper = new PoolKeeper({ pools: layer7?.pools ?? [], log: () => {}, onChange: () => {} });
  try {
    assert.deepEqual(names(bed), []);
    while (names(bed).length < 2) await setTimeout(50); // nothing answers there
    assert.deepEqual(names(bed).toSorted(), [`${ONE}:80`, `${TWO}:80`]);
    assert.equal(begun(bed, FIRST), FIRST); // the proxy's
  } finally {
    keeper.close();
  }
  assert.deepEqual(names(bed), []);
  assert.notEqual(begun(bed, FIRST), FIRST);
});
