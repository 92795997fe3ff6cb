import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import { decodeEthernet, encodeEthernet } from '../../../wire/ethernet.js';
import { probeFrame } from '../../../wire/probe-frames.js';
import type { NextHop } from './next-hop.js';
import { reflectionIn } from './reflections.js';

const OWN = '02:00:00:00:00:01';
const hop: NextHop = { ifindex: 2, mac: OWN, nextHopMac: '02:00:00:00:00:fe', source: ip('10.5.0.2'), mtu: 1500 };
const own = new Set([OWN]);

function trialOf(port?: number) {
  const content = port === undefined ? ({ kind: 'echo', packetBytes: 84 } as const) : ({ kind: 'syn', port } as const);
  const probe = { ...hop, target: ip('10.5.0.9'), content };
  const question = { router: ip('10.5.0.1'), hop, source: hop.source, target: ip('10.5.0.9'), ...(port === undefined ? {} : { port }) };
  return { probe, question, tag: port === undefined ? 20_001 : 20, sequence: 77 };
}

/** As the router sends it on. */
function forwarded(trial: ReturnType<typeof trialOf>, destination = OWN): Uint8Array {
  const sent = decodeEthernet(probeFrame(trial));
  if (sent === undefined) throw new TypeError('no frame');
  return encodeEthernet({ ...sent, tags: [], source: hop.nextHopMac, destination });
}

test('a packet that the router sends to this host has come back; one that a switch floods has not', () => {
  const [ping, syn] = [trialOf(), trialOf(80)];
  const trials = new Map([
    [ping.tag, ping],
    [-syn.sequence, syn],
  ]);
  assert.deepEqual(reflectionIn(forwarded(ping), trials, own), { trial: ping, answer: 'back' });
  assert.deepEqual(reflectionIn(forwarded(syn), trials, own), { trial: syn, answer: 'back' });
  assert.equal(reflectionIn(forwarded(ping, '02:00:00:00:de:ad'), trials, own), undefined);
  assert.equal(reflectionIn(forwarded({ ...ping, tag: 20_002 }), trials, own), undefined, 'of another doctor');
});
