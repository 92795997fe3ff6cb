// FULLNAT: a flow whose connection is not in the table, as for a moment while a director gets both from another one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setGrace } from '../../src/datapath/ebpf/table/grace.js';
import { openBed, skipReason } from './bed.js';
import { CLIENT, ip, OWN, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, fromServer, tcp } from './fixtures/packets.js';

const FIRST_PORT = 1024;

test('in a grace period its replies wait for the connection; else the stack gets them', { skip: skipReason() }, () => {
  const bed = openBed({ attach: 'tc' });
  try {
    const [server] = SERVERS;
    const { service: spec } = service('tcp', VIP, 80, []);
    bed.director.addService(spec);
    bed.director.addDestination(spec.key, { ...destination(`${server}:8080`, 'fullnat'), localAddresses: [ip(OWN.back)] });
    const opened = bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:40000`, to: `${VIP}:80` }, 'S')));
    assert.equal(opened.verdict, 'redirect');
    const reply = (letters: string): string => {
      const segment = tcp({ from: `${server}:8080`, to: `${OWN.back}:${FIRST_PORT}` }, letters);
      return bed.send('ingress', 'back', fromServer(segment, server)).verdict;
    };
    assert.equal(reply('SA'), 'redirect');

    new Uint32Array(bed.slots().memory).fill(0);
    assert.equal(reply('PA'), 'pass');
    setGrace(bed.tables.conf, 60);
    assert.deepEqual([reply('PA'), reply('A'), bed.drops()], ['drop', 'drop', { grace: 2 }]);
    assert.deepEqual([reply('RA'), bed.drops()], ['pass', { grace: 2 }]);
  } finally {
    bed.close();
  }
});
