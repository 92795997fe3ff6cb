// Clients and servers on the director itself.

import { breadth, test } from '../support/breadth.js';
import { holds, natBed, on, service, until } from './beds.js';
import { peer, peerStays, streamDigest } from './peer.js';
import { skipWithoutNetns } from './weir-lab.js';

const skip = skipWithoutNetns();

test('a client on the director itself reaches a NAT service', { skip }, async () => {
  await holds(
    natBed('local-client', [
      ...service('10.8.2.11 -m', '10.8.2.12 -m'),
      {
        kind: 'run',
        on: 'lvs',
        command: 'curl http://10.8.1.1',
        times: 4,
        expect: { answers: ['web2', 'web1', 'web2', 'web1'].map((host) => `Welcome from ${host}`) },
      },
      until('lvs', 'ipvsadm -Ln', { contains: ['-> 10.8.2.11:80 Masq 1 0 2', '-> 10.8.2.12:80 Masq 1 0 2'] }, 60),
    ]),
  );
});

const MEDIUM_BYTES = 100_000_000;

breadth('a client on the director itself: UDP and big packets', { skip }, async () => {
  const digest = streamDigest(MEDIUM_BYTES);
  await holds(
    natBed(
      'local-big',
      [
        on('web1', peerStays('serve', 81, MEDIUM_BYTES)),
        on('web1', peerStays('udp-serve', 9000, 'web1')),
        until('web1', 'curl http://10.8.2.11:81/ping', { answers: ['pong'] }, 60),
        until('web1', 'ss -Hlun sport = 9000', { contains: ['9000'] }, 60),
        ...service('10.8.2.11:81 -m'),
        on('lvs', 'ipvsadm -A -u 10.8.1.1:53 -s rr'),
        on('lvs', 'ipvsadm -a -u 10.8.1.1:53 -r 10.8.2.11:9000 -m'),
        on('lvs', 'curl -m 300 http://10.8.1.1/ | sha256sum', { answers: [`${digest}  -`] }, 300),
        on('lvs', `${peer('send', MEDIUM_BYTES)} | curl -m 300 -T - http://10.8.1.1/`, { answers: [digest] }, 300),
        on('lvs', peer('udp-ask', '10.8.1.1', 53, 'hello', 2), { matches: ['^web1 got hello from 10\\.8\\.'] }),
      ],
      false,
    ),
  );
});

breadth('a NAT destination that is the director itself, on another port: TCP, UDP and big packets', { skip }, async () => {
  const digest = streamDigest(MEDIUM_BYTES);
  await holds(
    natBed(
      'local-server',
      [
        on('lvs', peerStays('serve', 81, MEDIUM_BYTES)),
        on('lvs', peerStays('udp-serve', 9000, 'lvs')),
        until('lvs', 'curl http://10.8.2.1:81/ping', { answers: ['pong'] }, 60),
        until('lvs', 'ss -Hlun sport = 9000', { contains: ['9000'] }, 60),
        ...service('10.8.2.1:81 -m'),
        on('lvs', 'ipvsadm -A -u 10.8.1.1:53 -s rr'),
        // The address from which the stack answers this client, as a UDP server on all addresses does.
        on('lvs', 'ipvsadm -a -u 10.8.1.1:53 -r 10.8.1.1:9000 -m'),
        on('client', 'curl -m 300 http://10.8.1.1/ | sha256sum', { answers: [`${digest}  -`] }, 300),
        on('client', `${peer('send', MEDIUM_BYTES)} | curl -m 300 -T - http://10.8.1.1/`, { answers: [digest] }, 300),
        on('client', peer('udp-ask', '10.8.1.1', 53, 'hello', 2), {
          answers: ['lvs got hello from 10.8.1.10\nlvs got hello from 10.8.1.10'],
        }),
        until('lvs', 'ipvsadm -Ln', { contains: ['-> 10.8.2.1:81 Masq 1 0 2', '-> 10.8.1.1:9000 Masq 1 0 2'] }, 60),
      ],
      false,
    ),
  );
});
