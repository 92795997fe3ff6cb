// Ends of connections that a drain resets, on living hosts: each prints how its connections ended.
import assert from 'node:assert/strict';
import { type Cluster, running, until } from '../datapath/cluster.js';
import type { Host } from '../support/netns-bed.js';
import { drain } from './drain-cluster.js';

/** Answers the first bytes of each connection; a line for each that ends. */
const SERVER = `const[,port,address]=process.argv;
require('node:net').createServer((s)=>{let code='closed';s.on('error',(e)=>{code=e.code});s.on('close',()=>console.log(code));s.once('data',()=>s.write('!'))})
.listen(Number(port),address,()=>console.log('ready'))`;
/** So many connections, each asks once and then waits; `busy`: sends on all the time. `begun` when all were answered; a line for each that ends. */
const CLIENT = `const[,port,address,count,how]=process.argv;let begun=0;
for(let k=0;k<count;k++){const s=require('node:net').connect(Number(port),address);let code='closed';s.on('error',(e)=>{code=e.code});s.on('close',()=>console.log(code));
s.on('connect',()=>s.write('?'));s.once('data',()=>{if(++begun==count)console.log('begun');if(how==='busy'){const b=Buffer.alloc(65536);const more=()=>{while(s.write(b));};s.on('drain',more);more()}});s.on('data',()=>{})}`;

export interface Ends {
  /** A line for each connection that has ended. */
  readonly client: readonly string[];
  readonly server: readonly string[];
}

interface Asked {
  readonly server: Host;
  readonly port: number;
  readonly address: string;
  readonly vip: string;
  readonly vport?: number;
  readonly count: number;
  readonly busy?: boolean;
}

/** Drains it to a deadline with connections left, and cancels that; all resets are done. */
export function resetLeft({ lvs }: Cluster, target: string): void {
  const { status, seen } = drain(lvs, `${target} --allow-empty --deadline 1s --end reset --wait`);
  drain(lvs, `cancel ${seen.id}`);
  assert.deepEqual([status, seen.state, seen.remaining.open, (seen.openAtDeadline ?? 0) > 0], [0, 'deadline', 0, true], target);
}

/** Connections of the client that were answered. */
export async function connected(cluster: Cluster, { server, port, address, vip, vport = port, count, busy = false }: Asked): Promise<Ends> {
  const { bed, client } = cluster;
  const there = running(bed, server, [process.execPath, '-e', SERVER, String(port), address]);
  await until(
    () => there.lines,
    ([first]) => first === 'ready',
  );
  const here = running(bed, client, [process.execPath, '-e', CLIENT, String(vport), vip, String(count), busy ? 'busy' : 'idle']);
  await until(
    () => here.lines,
    ([first]) => first === 'begun',
  );
  const rest = (lines: readonly string[]): readonly string[] => lines.slice(1);
  return {
    get client() {
      return rest(here.lines);
    },
    get server() {
      return rest(there.lines);
    },
  };
}

/**
 * Both ends of each were reset, and by nothing else: none of them ends a connection itself. `busy`: Node reports a reset that comes together with data as
 * the end of the stream.
 */
export async function bothReset(ends: Ends, count: number, what: string, busy = false): Promise<void> {
  await until(
    () => [ends.client.length, ends.server.length],
    ([client, server]) => client === count && server === count,
    30,
  );
  for (const code of ends.server) assert.match(code, busy ? /^(ECONNRESET|closed)$/ : /^ECONNRESET$/, `${what}: servers`);
  // A client that writes may have its reset reported at the write.
  for (const code of ends.client) assert.match(code, /^(ECONNRESET|EPIPE)$/, `${what}: clients`);
}

/** The server's ends of all connections were reset, whatever became of their client. */
export async function serverReset(ends: Ends, count: number, what: string): Promise<void> {
  await until(
    () => ends.server.length,
    (server) => server === count,
    30,
  );
  for (const code of ends.server) assert.equal(code, 'ECONNRESET', what);
}
