// FTP's control connections, whose numbers the helper has shifted, go on at a second director, by VS/NAT and by FULLNAT.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { running, until, VIP } from '../datapath/cluster.js';
import { noFtpServer, serveFtp, withFiles } from '../datapath/ftp-server.js';
import { ftpSession } from '../datapath/ftp-session.js';
import { noNamespaces } from '../support/netns-bed.js';
import { addServices, type Balanced, failOver, inPair } from './pair.js';
import { inStep, startStreams } from './stream-pair.js';

const skip = noNamespaces() || noFtpServer;
const [OTHER_VIP, LOCAL] = ['10.8.1.101', '10.8.2.77'];
const VIPS = [VIP, OTHER_VIP];
const FTP: readonly Balanced[] = [
  { address: VIP, port: 21, server: '10.8.2.12:21 -m' },
  { address: OTHER_VIP, port: 21, server: `10.8.2.12:21 --fullnat --local-address ${LOCAL}` },
];

test('sessions of FTP fetch files before and after the first director fails', { skip }, () =>
  withFiles((files) =>
    inPair(async (pair) => {
      const { bed, client, lvs, second, web2 } = pair;
      for (const director of [lvs, second]) addServices(director, FTP);
      lvs.ip(`addr add ${OTHER_VIP}/32 dev eth0`);
      lvs.ip(`addr add ${LOCAL}/24 dev eth1`);
      await serveFtp(pair, web2, files);
      const { first } = startStreams(pair);
      await inStep(lvs, second);
      const sessions = VIPS.map((vip) => running(bed, client, ftpSession(vip, 'file', statSync(files.shared).size)));
      for (const { lines } of sessions)
        await until(
          () => lines,
          (seen) => seen[0] === 'begun',
        );
      // What a connection of the last moments loses is not asked here.
      for (const { child } of sessions) child.kill('SIGSTOP');
      await delay(2000);
      await inStep(lvs, second);
      first.signal('SIGKILL');
      failOver(pair);
      second.ip(`addr add ${OTHER_VIP}/32 dev eth0`);
      second.ip(`addr add ${LOCAL}/24 dev eth1`);
      for (const { child } of sessions) {
        child.kill('SIGCONT');
        child.kill('SIGTERM');
      }
      for (const { lines } of sessions) {
        const [, fetched = ''] = await until(
          () => lines,
          (seen) => seen.length > 1,
          60,
        );
        const [whole, all] = fetched.split(' of ').map(Number);
        assert.ok(all !== undefined && all >= 2, fetched);
        assert.equal(whole, all);
      }
    }),
  ),
);
