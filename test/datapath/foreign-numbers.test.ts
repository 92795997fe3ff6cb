// Control connections of FTP that another director has: their numbers are shifted here as there.

import assert from 'node:assert/strict';
import { connectionOf, entryOf, isAnnounced } from '../../src/control/sync/kernel-entries.js';
import { ConnectionNews } from '../../src/datapath/ebpf/sync/connection-news.js';
import { FtpNews } from '../../src/datapath/ebpf/sync/ftp-news.js';
import { FtpNumbers } from '../../src/datapath/ebpf/sync/ftp-numbers.js';
import type { ForeignConnection } from '../../src/model/foreign-connection.js';
import { ItemFlag } from '../../src/wire/sync/stream-item.js';
import { SEQUENCE_FLAGS, SyncFlag } from '../../src/wire/sync/sync-entry.js';
import { decodeSyncMessage } from '../../src/wire/sync/sync-message.js';
import { SyncPacker } from '../../src/wire/sync/sync-packer.js';
import { breadth, test } from '../support/breadth.js';
import { carriageOf, subjectOf } from './fixture-subject.js';
import { CLIENT, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { fixtures } from './fixtures/index.js';
import { fromServer, tcp } from './fixtures/packets.js';
import { isTooShortForTc, prepare } from './fixtures/play-fixture.js';
import { applier, bed, skip, wipe } from './foreign-bed.js';
import { addFtp, answer, ask, lifetimes, open } from './ftp-streams.js';

import { applyBytes, changedBytes, ownBytes } from './own-stream.js';

const own = (): Uint8Array => ownBytes(new ConnectionNews(bed.folder));
/** Items of connections whose numbers are shifted. */
function shifted(bytes: Uint8Array): number {
  let count = 0;
  changedBytes(bytes, (item) => {
    if ((item.flags & ItemFlag.sequence) !== 0) count += 1;
  });
  return count;
}

/** Which of two services has a data connection, a director knows by its table alone. */
const KNOWN_BY_ONE = /service of all ports/;

breadth('every fixture of FTP with shifted numbers: the packet goes as it went', { skip }, () => {
  const all = fixtures.filter(
    (fixture) => /FTP/.test(fixture.description) && !KNOWN_BY_ONE.test(fixture.description) && !isTooShortForTc(fixture),
  );
  const followed = new Set<string>();
  for (const fixture of all) {
    const { hook, device, frame, description, before: steps = [] } = fixture;
    if (!steps.every(({ kind }) => kind === 'frame')) continue;
    bed.wipe();
    const subject = subjectOf(bed, false);
    prepare(subject, fixture);
    const bytes = own();
    if (shifted(bytes) === 0) continue;
    const went = bed.send(hook, device, frame, carriageOf(fixture));
    wipe();
    prepare(subject, { ...fixture, before: [] });
    assert.ok(
      applyBytes(bed, applier, bytes).every((answered) => answered === 'made'),
      description,
    );
    const goes = bed.send(hook, device, frame, carriageOf(fixture));
    assert.deepEqual(
      [goes.verdict, Buffer.from(goes.frame).toString('hex')],
      [went.verdict, Buffer.from(went.frame).toString('hex')],
      description,
    );
    followed.add(description);
  }
  assert.ok(followed.size > 20, `${followed.size} of ${all.length}`);
});

const PORT = 40_000;
const PASSIVE = `227 Entering Passive Mode (${SERVERS[0].replaceAll('.', ',')},19,136).\r\n`;
/** Its reply gets another length. */
function askPassive(): void {
  ask(bed, PORT, 'PA', 'PASV\r\n');
  answer(bed, PORT, 'PA', PASSIVE);
}

test('of numbers that are here those that were shifted further stay, and an end takes them away', { skip }, () => {
  wipe();
  addFtp(bed);
  open(bed, PORT);
  answer(bed, PORT, 'PA');
  const before = own();
  askPassive();
  const now = own();
  assert.deepEqual([shifted(before), shifted(now)], [0, 1]);
  const numbers = (): readonly number[] => {
    let found: readonly number[] = [];
    changedBytes(own(), (item) => {
      if ((item.flags & ItemFlag.sequence) !== 0) found = [...item.sequence];
    });
    return found;
  };
  const had = numbers();
  const earlier = changedBytes(now, (item) => {
    item.sequence[3] = (item.sequence[3] ?? 0) - 1;
    item.sequence[4] = 7;
  });
  applyBytes(bed, applier, earlier);
  assert.deepEqual(numbers(), had);
  applyBytes(
    bed,
    applier,
    changedBytes(now, (item) => {
      item.sequence[3] = (item.sequence[3] ?? 0) + 100;
      item.sequence[4] = 7;
    }),
  );
  assert.equal(numbers()[4], 7);
  applyBytes(
    bed,
    applier,
    changedBytes(now, () => {}, true),
  );
  assert.deepEqual(lifetimes(bed), []);
});

test('numbers that are shifted are news of their connection, once', { skip }, () => {
  wipe();
  addFtp(bed);
  open(bed, PORT);
  answer(bed, PORT, 'PA');
  const [news, ftp] = [new ConnectionNews(bed.folder), new FtpNews(bed.tables)];
  const isNews = (): number => {
    ftp.look((pin, hash, keyLow, keyHigh) => news.renew(pin, hash, keyLow, keyHigh));
    return shifted(ownBytes(news));
  };
  assert.equal(isNews(), 0);
  askPassive();
  assert.deepEqual([isNews(), isNews()], [1, 0]);
  ftp.close();
});

/** What the client gets of its server's segment that begins at this number. */
function replied(text = PASSIVE, sequence = 1000): string {
  const part = { data: new TextEncoder().encode(text), segment: { sequence } };
  const frame = fromServer(tcp({ from: `${SERVERS[0]}:21`, to: `${CLIENT}:${PORT}` }, 'PA', part));
  return Buffer.from(bed.send('ingress', 'back', frame).frame).toString('latin1');
}
const TRANSLATED = new RegExp(`\\(${VIP.replaceAll('.', ',')},`);

test('a connection that the server has answered is so elsewhere: the first line there that asks for data is read', { skip }, () => {
  for (const isAnswered of [false, true]) {
    wipe();
    addFtp(bed);
    const [news, ftp] = [new ConnectionNews(bed.folder), new FtpNews(bed.tables)];
    open(bed, PORT);
    const begun = ownBytes(news);
    if (isAnswered) answer(bed, PORT, 'PA', '220 web\r\n');
    ftp.look((pin, hash, keyLow, keyHigh) => news.renew(pin, hash, keyLow, keyHigh));
    const later = ownBytes(news);
    ftp.close();
    wipe();
    addFtp(bed);
    assert.deepEqual(applyBytes(bed, applier, begun), ['made']);
    assert.deepEqual(applyBytes(bed, applier, later), isAnswered ? ['changed'] : []);
    ask(bed, PORT, 'PA', 'PASV\r\n');
    // Whoever has no answer yet may have forged its address: nothing is made for it.
    if (isAnswered) assert.match(replied(), TRANSLATED);
    else assert.doesNotMatch(replied(), TRANSLATED);
  }
});

test('a reply that was asked for at the first director is read at the second one, and so is one that comes again', { skip }, () => {
  wipe();
  addFtp(bed);
  const [news, ftp] = [new ConnectionNews(bed.folder), new FtpNews(bed.tables)];
  const changed = (): Uint8Array => {
    ftp.look((pin, hash, keyLow, keyHigh) => news.renew(pin, hash, keyLow, keyHigh));
    return ownBytes(news);
  };
  open(bed, PORT);
  const greeting = '220 web\r\n';
  replied(greeting);
  const before = changed();
  ask(bed, PORT, 'PA', 'PASV\r\n');
  const asked = changed();
  assert.match(replied(PASSIVE, 1000 + greeting.length), TRANSLATED);
  const given = changed();
  ftp.close();
  for (const [bytes, isRead] of [
    [[before], false],
    [[before, asked], true],
    // What another one relays of the time before takes nothing back.
    [[before, asked, before], true],
    [[before, given], true],
    [[before, given, asked], true],
    [[given], true],
  ] as const) {
    wipe();
    addFtp(bed);
    for (const each of bytes) assert.match(applyBytes(bed, applier, each).join(), /^(made|changed)(,made)?$/);
    const passed = replied(PASSIVE, 1000 + greeting.length);
    if (isRead) assert.match(passed, TRANSLATED);
    else assert.doesNotMatch(passed, TRANSLATED);
  }
});

/** All that is announced by the kernel's protocol. */
function announced(): readonly Uint8Array[] {
  const messages: Uint8Array[] = [];
  const packer = new SyncPacker({ version: 1, syncId: 1, maxLength: 1472 }, (message) => messages.push(message));
  const [news, ftp] = [new ConnectionNews(bed.folder), new FtpNumbers(bed.tables)];
  const to = {
    connection: (one: ForeignConnection) => {
      if (isAnnounced(one)) packer.append(entryOf(one));
    },
    template: () => assert.fail('no template'),
    ftp,
  };
  while (news.look(256, to));
  ftp.close();
  packer.flush();
  return messages;
}

test('by the kernel’s protocol, too: the numbers go on, and the first line that asks for data is read', { skip }, () => {
  wipe();
  addFtp(bed);
  open(bed, PORT);
  const greeting = '220 web\r\n';
  replied(greeting);
  ask(bed, PORT, 'PA', 'PASV\r\n');
  replied(PASSIVE, 1000 + greeting.length);
  const messages = announced();
  const next = (): string => {
    ask(bed, PORT, 'PA', 'PASV\r\n');
    return replied(PASSIVE, 1000 + greeting.length + PASSIVE.length);
  };
  const went = next();
  assert.match(went, TRANSLATED);
  const entries = messages.flatMap((message) => decodeSyncMessage(message, { syncId: 1 }).entries);
  assert.deepEqual(
    entries.map(({ flags, sequence }) => [flags & SEQUENCE_FLAGS, sequence?.out.initial]),
    [[SyncFlag.outSequence, 1000 + greeting.length]],
  );
  wipe();
  addFtp(bed);
  const come = entries.flatMap((entry) => connectionOf(entry) ?? []);
  assert.deepEqual(
    bed.director.exclusively(() => applier.apply(come)),
    ['made'],
  );
  assert.equal(next(), went);
});

test('behind bytes that did not come by here a reply is read where a line has ended here, or another director has reported what it had', {
  skip,
}, () => {
  const [greeting, part] = ['220 web\r\n', '500 '];
  for (const [missed, text, isRead] of [
    [0, '', true],
    [300, '', false],
    [300, '226 done\r\n', true],
    [0, part, false],
    [300, part, false],
  ] as const) {
    wipe();
    addFtp(bed);
    open(bed, PORT);
    replied(greeting);
    const at = 1000 + greeting.length + missed;
    ask(bed, PORT, 'PA', 'PASV\r\n');
    if (text !== '') replied(text, at);
    const reply = replied(PASSIVE, at + text.length);
    assert.equal(TRANSLATED.test(reply), isRead, `${missed} ${text}`);
  }
});
