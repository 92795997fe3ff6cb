// Connection synchronisation between living directors where one of them or its table is not as it should be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { SyncCounts } from '../../src/host/sync/sync-counts.js';
import type { DaemonRole } from '../../src/model/sync-daemon.js';
import { ok, running, until } from '../datapath/cluster.js';
import { ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import {
  addServices,
  chats,
  connections,
  countsOf,
  daemonProcess,
  established,
  failOver,
  inPair,
  SERVICES,
  SYNC_ID,
  startDaemon,
} from './pair.js';

const skip = noNamespaces();
const CHATS = 10;
const ALL = CHATS * SERVICES.length;
const answered = SERVICES.map(() => `${CHATS} of ${CHATS}`);

test('the process of a master is killed and started again: what came meanwhile is announced, and what was before stays', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    for (const director of [lvs, second]) addServices(director);
    startDaemon(second, 'backup');
    startDaemon(lvs, 'master');
    const end = await chats(pair, CHATS);
    await established(second, ALL);
    process.kill(daemonProcess(lvs), 'SIGKILL');
    await until(
      () => ok(lvs.ipvsadm('-L --daemon')),
      (text) => text === '',
    );
    const others = await chats(pair, CHATS);
    assert.equal(connections(second).length, ALL, 'nobody announces them');
    startDaemon(lvs, 'master');
    await established(second, 2 * ALL);
    failOver(pair);
    assert.deepEqual(await end(), answered);
    assert.deepEqual(await others(), answered);
  }),
);

test('the process of a backup is killed and started again: it asks for what it has missed', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    for (const director of [lvs, second]) addServices(director);
    startDaemon(lvs, 'master');
    startDaemon(second, 'backup');
    const end = await chats(pair, CHATS);
    await established(second, ALL);
    process.kill(daemonProcess(second), 'SIGKILL');
    await until(
      () => ok(second.ipvsadm('-L --daemon')),
      (text) => text === '',
    );
    const others = await chats(pair, CHATS);
    startDaemon(second, 'backup');
    await established(second, 2 * ALL);
    failOver(pair);
    assert.deepEqual([await end(), await others()], [answered, answered]);
  }),
);

test('--stop-daemon sends what a master that was held up had not sent', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    for (const director of [lvs, second]) addServices(director);
    startDaemon(second, 'backup');
    startDaemon(lvs, 'master');
    const master = daemonProcess(lvs);
    await until(
      () => Number(countsOf(lvs, 'master')['rounds'] ?? 0),
      (rounds) => rounds > 0,
    );
    process.kill(master, 'SIGSTOP');
    const end = await chats(pair, CHATS);
    assert.deepEqual(connections(second), []);
    const stopping = running(pair.bed, lvs, [process.execPath, ENTRY, 'ipvsadm', '--stop-daemon', 'master']);
    await delay(1000);
    process.kill(master, 'SIGCONT');
    await until(
      () => stopping.child.exitCode,
      (status) => status !== null,
    );
    assert.equal(stopping.child.exitCode, 0);
    await established(second, ALL);
    failOver(pair);
    assert.deepEqual(await end(), answered);
  }),
);

test('services that come to the backup later: their connections are kept for them', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    addServices(lvs);
    addServices(second, SERVICES.slice(0, 1));
    startDaemon(second, 'backup');
    startDaemon(lvs, 'master');
    const end = await chats(pair, CHATS);
    await established(second, CHATS);
    await until(
      () => countsOf(second, 'backup')['unbound'],
      (unbound) => unbound === ALL - CHATS,
    );
    addServices(second, SERVICES.slice(1));
    assert.deepEqual(await established(second, ALL), connections(lvs));
    failOver(pair);
    assert.deepEqual(await end(), answered);
  }),
);

test('a daemon with peers takes nothing from others, and counts it', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    for (const director of [lvs, second]) addServices(director);
    const refused = (host: Host, role: DaemonRole): Promise<unknown> =>
      until(
        () => (countsOf(host, role)['refused'] as Readonly<Record<string, number>> | undefined)?.['sender'] ?? 0,
        (count) => count > 0,
        30,
      );
    startDaemon(lvs, 'master', ' --sync-peers 10.8.9.3');
    startDaemon(second, 'backup', ' --sync-peers 10.8.9.3');
    const end = await chats(pair, CHATS);
    await refused(second, 'backup');
    await refused(lvs, 'master');
    assert.deepEqual([connections(second), countsOf(second, 'backup')['messages'], countsOf(lvs, 'master')['requests']], [[], 0, 0]);
    ok(second.ipvsadm('--stop-daemon backup'));
    startDaemon(second, 'backup', ' --sync-peers 10.8.9.3,10.8.9.1');
    ok(lvs.ipvsadm('--stop-daemon master'));
    startDaemon(lvs, 'master', ' --sync-peers 10.8.9.2');
    assert.deepEqual(await established(second, ALL), connections(lvs));
    failOver(pair);
    assert.deepEqual(await end(), answered);
  }),
);

test('a master without connections answers; another backup is no master; a request for another id is counted', { skip }, () =>
  inPair(async ({ lvs, second }) => {
    for (const director of [lvs, second]) addServices(director);
    const messages = (): number => Number(countsOf(second, 'backup')['messages'] ?? 0);
    startDaemon(lvs, 'master');
    startDaemon(second, 'backup');
    await until(messages, (count) => count > 0, 30);
    ok(lvs.ipvsadm('--stop-daemon master'));
    const before = messages();
    startDaemon(lvs, 'backup'); // it asks immediately
    await delay(3000);
    assert.equal(messages(), before);
    ok(lvs.ipvsadm('--stop-daemon backup'));
    ok(second.ipvsadm('--stop-daemon backup'));
    startDaemon(lvs, 'master');
    ok(second.ipvsadm(`--start-daemon backup --mcast-interface sy0 --syncid ${SYNC_ID + 1}`));
    const others = (): SyncCounts[string] | undefined => countsOf(lvs, 'master')['otherIds'];
    await until(others, (counts) => typeof counts === 'object' && counts[SYNC_ID + 1] === 1, 30);
    assert.equal(countsOf(lvs, 'master')['requests'], 0);
  }),
);

test('an interface that was deleted and made again is listened to, and sent by', { skip }, () =>
  inPair(async (pair) => {
    const { bed, lvs, second, link } = pair;
    for (const director of [lvs, second]) addServices(director);
    startDaemon(second, 'backup');
    startDaemon(lvs, 'master');
    const ends = [await chats(pair, CHATS)];
    await established(second, ALL);
    for (const [k, director] of [lvs, second].entries()) {
      director.ip('link del sy0');
      await delay(1500);
      bed.cable(director, 'sy0', link, `10.8.9.${k + 1}/24`);
      await delay(1500);
      ends.push(await chats(pair, CHATS));
      await established(second, ends.length * ALL);
    }
    failOver(pair);
    for (const end of ends) assert.deepEqual(await end(), answered);
  }),
);

/** Sends to the group what no master would send: `PORT GROUP LINE` a datagram a line of hexadecimal. */
const HOSTILE = `
const socket = require('node:dgram').createSocket('udp4');
socket.bind(() => {
  socket.setMulticastInterface(process.argv[1]);
  const lines = process.argv.slice(2);
  const next = () => { const line = lines.shift(); if (line === undefined) process.exit(0); socket.send(Buffer.from(line, 'hex'), 8848, '224.0.0.81', () => setTimeout(next, 2)); };
  next();
});`;

test('what is no message, or not for it, changes nothing at a backup but its counts', { skip }, () =>
  inPair(async (pair) => {
    const { bed, lvs, second, link } = pair;
    for (const director of [lvs, second]) addServices(director);
    startDaemon(second, 'backup');
    startDaemon(lvs, 'master');
    // What the master sends is taken by another host, which sends it again later.
    const attacker = bed.host('attacker');
    bed.cable(attacker, 'eth0', link, '10.8.9.9/24');
    const recorder = running(bed, attacker, [process.execPath, '-e', RECORDER]);
    await until(
      () => recorder.lines,
      (lines) => lines[0] === 'ready',
    );
    const end = await chats(pair, CHATS);
    const rows = await established(second, ALL);
    const messages = await until(
      () => recorder.lines.slice(1),
      (lines) => lines.length > 0,
    );
    const changed = (line: string, at: number, byte: number): string =>
      `${line.slice(0, 2 * at)}${byte.toString(16).padStart(2, '0')}${line.slice(2 * at + 2)}`;
    const random = Array.from({ length: 500 }, () =>
      Buffer.from(Array.from({ length: 1 + Math.floor(Math.random() * 200) }, () => Math.floor(Math.random() * 256))).toString('hex'),
    );
    const hostile = [
      ...random,
      ...messages.flatMap((line) =>
        Array.from({ length: 20 }, (_, k) => line.slice(0, 2 * Math.max(1, Math.floor((line.length / 2) * (k / 20))))),
      ),
      ...messages.map((line) => changed(line, 1, SYNC_ID + 1)),
      ...messages.map((line) => changed(line, 4, 255)),
      // Replays: what they announce is there already.
      ...messages,
      ...messages,
    ];
    const before = await until(
      () => countsOf(second, 'backup'),
      ({ messages: seen }) => seen !== undefined,
    );
    ok(attacker.run([process.execPath, '-e', HOSTILE, '10.8.9.9', ...hostile]));
    const counts = await until(
      () => countsOf(second, 'backup'),
      ({ messages: seen }) => Number(seen) >= Number(before['messages']) + hostile.length,
      30,
    );
    const refused = counts['refused'] as Readonly<Record<string, number>>;
    for (const reason of ['message-size', 'sync-id', 'entry-beyond-end'])
      assert.ok((refused[reason] ?? 0) > 0, `${reason}: ${JSON.stringify(refused)}`);
    assert.deepEqual((counts['connections'] as Readonly<Record<string, number>>)['made'], ALL);
    assert.deepEqual(connections(second), rows);
    failOver(pair);
    assert.deepEqual(await end(), answered);
  }),
);

test('messages that find no room while the process of a backup is stopped are counted', { skip }, () =>
  inPair(async ({ lvs, second }) => {
    startDaemon(second, 'backup');
    const dropped = (): number => Number(countsOf(second, 'backup')['dropped']);
    await until(dropped, (count) => count === 0, 30);
    const backup = daemonProcess(second);
    process.kill(backup, 'SIGSTOP');
    ok(lvs.run([process.execPath, '-e', FLOOD, '10.8.9.1']));
    process.kill(backup, 'SIGCONT');
    await until(dropped, (count) => count > 0, 30);
  }),
);

/** Sends more than 128 MB to the group, in datagrams that go in fragments. */
const FLOOD = `
const socket = require('node:dgram').createSocket('udp4');
socket.bind(() => {
  socket.setMulticastInterface(process.argv[1]);
  const next = (left) => left === 0 ? process.exit(0) : socket.send(Buffer.alloc(60000), 8848, '224.0.0.81', () => next(left - 1));
  next(4000);
});`;

/** Prints what comes to the group, a datagram a line. */
const RECORDER = `
const socket = require('node:dgram').createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (bytes) => console.log(bytes.toString('hex')));
socket.bind(8848, '224.0.0.81', () => { socket.addMembership('224.0.0.81', '10.8.9.9'); console.log('ready'); });`;
