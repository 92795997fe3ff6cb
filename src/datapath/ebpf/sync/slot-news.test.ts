// What is reported of the slots of a table: what is new, what came from others, and whose end counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Abi } from '../abi.gen.js';
import { KEY_WORD, SLOT_WORDS, VALUE_WORD } from '../table/living-slots.js';
import { SlotNews } from './slot-news.js';

const NEWS = 2 ** (Abi.V_STATE_SHIFT - 32 + 4) - 1;
const [KEY, DEST, EXPIRES, MARGIN] = [7, 3, 5000, 25];

/** One slot with a connection, as the table and what was reported of it have it. */
function oneSlot(now = 1000) {
  const words = new Uint32Array(SLOT_WORDS);
  const slots = new SlotNews(words, { bucketWords: SLOT_WORDS, bucketSlots: 1, pieces: [] }, NEWS);
  const put = (expires: number, dest = DEST): void => {
    words[KEY_WORD] = KEY;
    words[VALUE_WORD] = expires;
    words[VALUE_WORD + 1] = dest;
  };
  const look = (): readonly string[] => {
    const seen: string[] = [];
    const found = (at: number): void => {
      seen.push('found');
      slots.reported(at, KEY, 0, words[at + VALUE_WORD + 1] ?? 0, words[at + VALUE_WORD] ?? 0);
    };
    const ended = (at: number): void => {
      seen.push('ended');
      slots.forgetSlot(at);
    };
    const lost = (at: number): void => {
      seen.push('lost');
      slots.forgetSlot(at);
    };
    slots.look(0, 1, { now, refresh: 0 }, found, ended, lost);
    return seen;
  };
  /** From another director. */
  const receive = (expires: number, isShorter = false): void => {
    put(expires);
    slots.sent(0, KEY, 0, DEST, expires, MARGIN, isShorter);
  };
  const endElsewhere = (): void => slots.foreignEnd(0);
  return { slots, put, look, receive, endElsewhere };
}

test('what is new is found once, and its end is reported once', () => {
  const { put, look } = oneSlot();
  put(EXPIRES);
  assert.deepEqual([look(), look()], [['found'], []]);
  put(EXPIRES, 0);
  assert.deepEqual([look(), look()], [['ended'], []]);
});

test('the end of what the peer has refused is reported: it may have it from another one', () => {
  const { slots, put, look } = oneSlot();
  put(EXPIRES);
  look();
  slots.refused(0, KEY, 0);
  put(EXPIRES, 0);
  assert.deepEqual([look(), look()], [['ended'], []]);
});

test('what others have for longer than it lives here is lost with its end here, unless it had a packet here', () => {
  for (const packetAt of [undefined, EXPIRES + 100]) {
    const { slots, put, look, receive } = oneSlot(EXPIRES + 200);
    receive(EXPIRES, true);
    slots.forget(); // all is news for them again
    look();
    if (packetAt !== undefined) {
      put(packetAt);
      look();
    }
    put(0, 0);
    assert.deepEqual(look(), packetAt === undefined ? ['lost'] : []);
  }
});

test('what came from others and had no packet here is theirs: what becomes of it here is no end, and a loss where its time is not over', () => {
  for (const [now, after] of [
    [1000, ['lost']],
    [EXPIRES, []],
  ] as const) {
    const { put, look, receive } = oneSlot(now);
    receive(EXPIRES);
    receive(EXPIRES + 1);
    assert.deepEqual(look(), []);
    put(EXPIRES, 0);
    assert.deepEqual([look(), look()], [after, []]);
  }
});

test('what others have ended, and what had a packet here, is not lost', () => {
  const ended = oneSlot();
  ended.receive(EXPIRES);
  ended.look();
  ended.endElsewhere();
  ended.put(EXPIRES, 0);
  assert.deepEqual(ended.look(), ['ended']);
  const own = oneSlot();
  own.put(EXPIRES);
  own.look();
  own.put(EXPIRES, 0);
  assert.deepEqual(own.look(), ['ended']);
});

test('one with a packet here since belongs to this director', () => {
  const { put, look, receive } = oneSlot();
  receive(EXPIRES);
  put(EXPIRES + 100);
  assert.deepEqual(look(), []);
  put(EXPIRES, 0);
  assert.deepEqual(look(), ['ended']);
});

test('an own one that others send back a little younger or older stays an own one', () => {
  for (const more of [-MARGIN, 0, MARGIN]) {
    const { put, look, receive } = oneSlot();
    put(EXPIRES);
    look();
    receive(EXPIRES + more);
    look();
    put(EXPIRES + more, 0);
    assert.deepEqual(look(), ['ended'], `${more}`);
  }
});

test('one that had a packet elsewhere after its last one here is theirs', () => {
  const { put, look, receive } = oneSlot();
  put(EXPIRES);
  look();
  receive(EXPIRES + MARGIN + 1);
  put(EXPIRES + MARGIN + 1, 0);
  assert.deepEqual(look(), ['lost']);
});

test('what others send is contested until they refuse what is here as older: then both find theirs to be newer', () => {
  const { slots, put, look } = oneSlot();
  put(EXPIRES);
  look();
  assert.equal(slots.contest(0), false);
  assert.deepEqual([slots.takeAgain(), look()], [[0], ['found']], 'they get it once more');
  assert.equal(slots.contest(0), false, 'it may have been on its way before they got that');
  look();
  slots.disputed(0, KEY + 1, 0);
  assert.equal(slots.contest(0), false, 'another one of theirs is newer');
  look();
  slots.disputed(0, KEY, 0);
  assert.equal(slots.contest(0), true);
  put(EXPIRES + 100, DEST + 1);
  look();
  assert.equal(slots.contest(0), false, 'they have not refused this one');
});

test('a connection that had packets here is known to have been here until a look reports its end', () => {
  const { slots, put, look, receive } = oneSlot();
  receive(EXPIRES);
  assert.equal(slots.ownBefore(0, KEY, 0), -1, 'it is theirs');
  put(EXPIRES + 100);
  look();
  put(EXPIRES + 100, 0);
  assert.deepEqual([slots.ownBefore(0, KEY, 0), slots.ownBefore(0, KEY + 1, 0)], [0, -1]);
  look();
  assert.equal(slots.ownBefore(0, KEY, 0), -1);
});

test('what a peer has sent before, and not in this session, is known, unless it had a packet here since', () => {
  const { slots, put, look, receive } = oneSlot();
  const isUnnamed = (): boolean => slots.isUnnamed(0);
  receive(EXPIRES);
  assert.equal(isUnnamed(), false);
  slots.beginNaming();
  assert.equal(isUnnamed(), true);
  receive(EXPIRES + 1);
  assert.equal(isUnnamed(), false, 'sent again');
  slots.beginNaming();
  slots.named(0);
  assert.equal(isUnnamed(), false, 'sent, and newer here');
  slots.beginNaming();
  put(EXPIRES + 100);
  look();
  assert.equal(isUnnamed(), false, 'it is of this director');
  receive(EXPIRES + 300);
  slots.beginNaming();
  put(EXPIRES + 300, 0);
  assert.equal(isUnnamed(), false, 'it has ended');
});

test('to the next process of a peer goes what had a packet here, and not what came from there', () => {
  const { slots, put, look, receive } = oneSlot();
  receive(EXPIRES);
  slots.forget();
  slots.keepForeign();
  assert.deepEqual(look(), []);
  slots.forget();
  assert.deepEqual(look(), ['found'], 'another peer gets all');
  receive(EXPIRES + 100);
  put(EXPIRES + 200);
  slots.forget();
  slots.keepForeign();
  assert.deepEqual(look(), ['found']);
});
