import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Applied } from '../../model/foreign-connection.js';
import { Inbox } from './inbox.js';

interface News {
  readonly client: string;
  readonly server: string;
  readonly seconds: number;
}
const news = (client: string, server: string): News => ({ client, server, seconds: 60 });

/** The servers that are there; `into` has the connections of a table, by client. */
function inboxWith(servers: Set<string>) {
  const into = new Map<string, string>();
  const state = { isLocked: false };
  const inbox = new Inbox<News>(
    (all) => {
      if (state.isLocked) throw new WeirError('lock-busy', { path: '/lock', holder: 7, who: '/lock: held by process 7', waitMs: 0 });
      return all.map(({ client, server }): Applied => {
        if (!servers.has(server)) return 'unbound';
        const isThere = into.has(client);
        into.set(client, server);
        return isThere ? 'changed' : 'made';
      });
    },
    ({ client }) => client,
  );
  return { inbox, into, state };
}

test('a client that has come back to another server is not led to the one that it had before, when that one is added here', () => {
  const servers = new Set(['web2']);
  const { inbox, into } = inboxWith(servers);
  inbox.put(news('client', 'web1'));
  inbox.deliver(0);
  assert.equal(inbox.unbound, 1);
  inbox.put(news('client', 'web2'));
  inbox.deliver(0);
  assert.equal(inbox.unbound, 0);
  servers.add('web1');
  inbox.offerAgain(0);
  inbox.deliver(0);
  assert.deepEqual([...into], [['client', 'web2']]);
});

test('what waits for the lock is newer than what waited for a server', () => {
  const servers = new Set(['web2']);
  const { inbox, into, state } = inboxWith(servers);
  inbox.put(news('client', 'web1'));
  inbox.deliver(0);
  state.isLocked = true;
  inbox.put(news('client', 'web2'));
  assert.throws(() => inbox.deliver(0), WeirError);
  servers.add('web1');
  state.isLocked = false;
  inbox.offerAgain(0);
  inbox.deliver(0);
  assert.deepEqual([...into], [['client', 'web2']]);
});
