// The journal on a living director whose API is killed again and again: nothing that was answered is missing, and of one change at most it is not
// known what became of it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { field, listOf, parseJson } from '../../src/model/json.js';
import { type Cluster, inCluster, ipvsadm, VIP } from '../datapath/cluster.js';
import { noNamespaces } from '../support/netns-bed.js';
import { askSocket, RunningWeir } from './running-weir.js';

const on = { skip: noNamespaces(), timeout: 600_000 };
const [ROUNDS, STEP_MS] = [24, 67] as const;
const folder = mkdtempSync(join(tmpdir(), 'weir-api-journal-'));
after(() => rmSync(folder, { recursive: true }));
const [SOCKET, READ, FILE] = ['api.sock', 'read.sock', 'weir.yaml'].map((name) => join(folder, name)) as [string, string, string];
writeFileSync(FILE, `api: {write_socket: ${SOCKET}, read_socket: ${READ}}\n`);
const AT = `/v1/services/tcp:${VIP}:80/servers/10.8.2.11:80`;

interface Entry {
  readonly id: string;
  readonly before: string;
  readonly after: string | null;
}

const entries = async (): Promise<readonly Entry[]> =>
  listOf(field(parseJson((await askSocket(SOCKET, 'GET', '/v1/changes')).text), 'changes')) as readonly Entry[];

async function started({ bed, lvs }: Cluster): Promise<RunningWeir> {
  const api = new RunningWeir(['api', 'serve', '--config', FILE], lvs.namespace);
  bed.endsWith(api.child);
  await api.logged(/the API answers/);
  return api;
}

/** Changes one weight after the other until the API is gone: those that were answered. `weights`: also the one that was not. */
async function changes(first: number): Promise<{ readonly ids: readonly string[]; readonly weights: readonly number[] }> {
  const ids: string[] = [];
  const weights: number[] = [];
  for (let weight = first; ; weight += 1) {
    weights.push(weight);
    try {
      const { status, text } = await askSocket(SOCKET, 'PATCH', AT, { weight }, { 'if-match': '*' });
      assert.equal(status, 200, text);
      ids.push(String(field(parseJson(text), 'change')));
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return { ids, weights };
    }
  }
}

test('killed at any moment, the API has all that it answered in its journal, and the table is that of its last change', on, async () => {
  await inCluster(async (cluster) => {
    ipvsadm(cluster.lvs, `-A -t ${VIP}:80 -s rr`);
    ipvsadm(cluster.lvs, `-a -t ${VIP}:80 -r 10.8.2.11:80 -m -w 1`);
    let [next, known] = [2, 0];
    for (let round = 0; round < ROUNDS; round += 1) {
      const api = await started(cluster);
      const changing = changes(next);
      await sleep(STEP_MS * round);
      await api.end('SIGKILL');
      const { ids, weights } = await changing;
      next = (weights.at(-1) ?? next) + 1;
      const again = await started(cluster);
      const found = await entries();
      const own = found.slice(0, found.length - known).toReversed();
      const answered = own.slice(0, ids.length);
      assert.deepEqual([round, answered.map(({ id }) => id)], [round, ids]);
      assert.ok(answered.every((entry) => entry.after !== null));
      assert.ok(own.length <= ids.length + 1, `round ${round}: ${own.length} entries, ${ids.length} answers`);
      for (const [index, entry] of own.entries()) if (index > 0) assert.equal(entry.before, own[index - 1]?.after);
      const [, weight] = /-r 10\.8\.2\.11:80 -m -w (\d+)/.exec(ipvsadm(cluster.lvs, '-Sn')) ?? [];
      const possible = [weights.at(-2) ?? 0, weights.at(-1) ?? 0];
      assert.ok(round === 0 || weights.length === 1 || possible.includes(Number(weight)), `round ${round}: ${weight} of ${possible}`);
      known = found.length;
      await again.end('SIGTERM');
    }
    assert.ok(known > 10, `${known} changes`);
  });
});
