// Chats and downloads against the chat server of labs, over the loopback.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { test } from 'node:test';
import { chatServer } from '../topology/chat-server.js';
import { Holder } from './hold.js';

const BYTES = 1_048_576;

/** With a server and what holds connections to it; `cut` ends those of the server that are there, as a director without them does. */
async function withHolder(work: (holder: Holder, cut: (count: number) => void, served: () => number) => Promise<void>): Promise<void> {
  let served = 0;
  const server: Server = chatServer('web1', () => {
    served += 1;
  });
  const sockets: Socket[] = [];
  server.on('connection', (socket) => void sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const holder = new Holder('127.0.0.1', (server.address() as AddressInfo).port, BYTES);
  try {
    await work(
      holder,
      (count) => sockets.slice(0, count).forEach((socket) => socket.resetAndDestroy()),
      () => served,
    );
  } finally {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  }
}

test('all that is open goes on, and comes to its end', () =>
  withHolder(async (holder, _, served) => {
    assert.equal(await holder.open(3, 1), '3 chats and 1 download were opened, the chats are with web1\n');
    const [shares, sums = ''] = (await holder.count()).split('\n');
    assert.equal(shares, '3 of 3 chats and 1 of 1 download go on');
    assert.match(sums, /^\d+ lines were answered, \d+ bytes came as they are known; an answer took \d\.\d s at most$/);
    assert.equal(
      await holder.end(),
      // openssl enc -aes-128-ctr -K 0…0 -iv 0…0 of 1 MiB of zeros
      `3 of 3 chats and 1 of 1 download came to their end\n${BYTES} bytes, SHA-256 cbe2b262041a8db47d844bcaccfaa76de692ca1410e9920198b250445175e1b8\n`,
    );
    assert.equal(served(), 4);
  }));

test('what is reset is counted, with the reason', () =>
  withHolder(async (holder, cut) => {
    await holder.open(3, 0);
    cut(1);
    const text = await holder.count();
    assert.match(text, /^2 of 3 chats and 0 of 0 downloads go on\n/);
    assert.match(text, /\nlost: a chat with web1: (read ECONNRESET|it was closed)\n$/);
    assert.match(await holder.end(), /^2 of 3 chats /);
  }));
