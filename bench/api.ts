// Part 16: how long the control API takes to answer, with many services and many who watch.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from './median.js';
import { dropNamespace, makeNamespace } from './namespaces.js';
import type { Options } from './options.js';
import { onCpuMs, spentUs } from './process-cost.js';
import { finished, run, serve, start, stop } from './processes.js';
import type { Row } from './report.js';
import { rowOf } from './row-of.js';
import { allCpus } from './vrrp-pair.js';
import { until } from './wait.js';

const row = rowOf('api');
const bin = (name: string): string => fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));

const [SERVICES, SERVERS_EACH, READERS] = [1000, 3, 1000] as const;
/** The gate of every read, ms. */
const SLOWEST_MAX_MS = 20;
/** So often single services are asked for beside what is measured, as dashboards and scripts do, a second. */
const BESIDE = 50;
/** No caller may have more streams: the API counts by user. */
const STREAMS_EACH = 60;
const FIRST_USER = 70_000;
const PATHS = [
  '/v1/services',
  '/v1/services?limit=100',
  '/v1/configuration',
  '/v1/status',
  '/v1/plans',
  '/v1/services/tcp:10.1.0.9:80',
  '/metrics?scope=director',
];
/** 6 MB of text at 1,000 services. */
const EXPOSITION = '/metrics';
/** What it may take, and so may reading ten times as many services for it, whose 60 MB are made and sent in pieces, with other requests in between; ms. */
const EXPOSITION_MAX_MS = 150;

/** So often another process changes a server, or one of each service by ipvsadm -R, while reads are measured, ms. */
const CHANGE_EVERY_MS = 500;
const BESIDE_CHANGES = ['/v1/services?limit=100', '/v1/status', '/v1/services/tcp:10.1.0.9:80'];
/** So often they are read then, ms: without a pause all reads would fall between two changes. */
const READ_EVERY_MS = 50;

const rules = (services: number): string =>
  Array.from({ length: services }, (_, service) => {
    const address = `10.1.${service >> 8}.${service & 255}:80`;
    const servers = Array.from(
      { length: SERVERS_EACH },
      (__, server) => `-a -t ${address} -r 10.2.${server + 1}.1:${10_000 + service} -m -w 1\n`,
    );
    return `-A -t ${address} -s wlc\n${servers.join('')}`;
  }).join('');

/** ms from the request to the last byte. @throws Error where it is refused */
const asked = (socketPath: string, path: string, agent: Agent): Promise<number> =>
  new Promise((done, fail) => {
    const began = performance.now();
    const sent = request({ socketPath, path, agent, headers: { host: 'localhost' } }, (answer) => {
      answer.on('end', () =>
        answer.statusCode === 200 ? done(performance.now() - began) : fail(new Error(`${path}: ${answer.statusCode}`)),
      );
      answer.on('error', fail);
      answer.resume();
    });
    sent.on('error', fail);
    sent.end();
  });

/** Asks for a single service in the same intervals until it is aborted. */
async function besides(socketPath: string, signal: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const under: Promise<number>[] = [];
  for (let turn = 0; !signal.aborted; turn += 1) {
    under.push(asked(socketPath, `/v1/services/tcp:10.1.0.${turn % 256}:80`, agent));
    await sleep(1000 / BESIDE);
  }
  await Promise.all(under);
  agent.destroy();
}

const at = (samples: readonly number[], part: number): number =>
  samples.toSorted((a, b) => a - b)[Math.floor(samples.length * part)] ?? Number.NaN;

/** A server of Node alone, on the same core: GET /N is N bytes from memory. What it takes is the machine's and Node's part of an answer. */
const BARE =
  "const {createServer}=require('node:http');const kept=new Map();createServer((q,a)=>{const n=Number(q.url.slice(1));" +
  "if(!kept.has(n))kept.set(n,Buffer.alloc(n,'x'));a.end(kept.get(n));}).listen(process.argv[1]);";

interface Served {
  /** Of the API's process. */
  readonly pid: number;
  readonly write: string;
  readonly read: string;
  readonly bare: string;
}

const lengthOf = (socketPath: string, path: string): Promise<number> =>
  new Promise((done, fail) => {
    let length = 0;
    const sent = request({ socketPath, path, headers: { host: 'localhost' } }, (answer) => {
      answer.on('data', (piece: Buffer) => {
        length += piece.length;
      });
      answer.on('end', () => done(length));
      answer.on('error', fail);
    });
    sent.on('error', fail);
    sent.end();
  });

/** `limit`: of the slowest of a hundred, ms. */
interface Reading {
  readonly when?: string;
  readonly limit?: number;
  readonly everyMs?: number;
}

/** The API and the bare server in turns: a slow moment of the machine is in both. */
async function slowest(
  { pid, write, bare }: Served,
  path: string,
  count: number,
  { when, limit, everyMs = 0 }: Reading = {},
): Promise<Row> {
  const agents = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })] as const;
  const [samples, references, costs]: [number[], number[], number[]] = [[], [], []];
  const length = await lengthOf(write, path);
  // The first ones make what is kept; beside changes also what is made again after each.
  for (let turn = everyMs === 0 ? -5 : -count / 2; turn < count; turn += 1) {
    await sleep(everyMs);
    const before = onCpuMs(pid);
    const ms = await asked(write, path, agents[0]);
    const cost = onCpuMs(pid) - before;
    const bareMs = await asked(bare, `/${length}`, agents[1]);
    if (turn < 0) continue;
    samples.push(ms);
    references.push(bareMs);
    costs.push(cost);
  }
  for (const agent of agents) agent.destroy();
  const [slow, bareSlow] = [at(samples, 0.99), at(references, 0.99)];
  const medians = `median ${median(samples).toFixed(1)} ms, ${(median(samples) / median(references)).toFixed(1)} times that of a bare server`;
  return row(`GET ${path}, ${when ?? `${SERVICES} services`}, the slowest of a hundred`, [slow], 'ms', {
    gate: { kind: 'at-most', limit: limit ?? SLOWEST_MAX_MS },
    note: `${medians}, whose slowest took ${bareSlow.toFixed(1)} ms; of the CPU ${at(costs, 0.99).toFixed(1)} ms, median ${median(costs).toFixed(1)} ms`,
  });
}

/** `change` again and again while `work` goes on. */
async function besideChanges<T>(change: (turn: number) => Promise<void>, work: () => Promise<T>): Promise<T> {
  const stopped = new AbortController();
  const changing = (async () => {
    for (let turn = 0; !stopped.signal.aborted; turn += 1) {
      await change(turn);
      await sleep(CHANGE_EVERY_MS);
    }
  })();
  try {
    return await work();
  } finally {
    stopped.abort();
    await changing;
  }
}

/** A command with this text as its input. @throws Error where it fails */
async function carriedOut(namespace: string, args: readonly string[], input = ''): Promise<void> {
  const child = start(namespace, args, 'pipe');
  child.stdin?.end(input);
  const { status, stderr } = await finished(child);
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr.trim() || `status ${status}`}`);
}

/** One server of each service gets another weight. */
const edits = (turn: number): string =>
  Array.from(
    { length: SERVICES },
    (_, service) => `-e -t 10.1.${service >> 8}.${service & 255}:80 -r 10.2.1.1:${10_000 + service} -m -w ${2 + (turn % 2)}\n`,
  ).join('');

/** A process for each user, since a user has 64 streams at most; it prints a line for each event that a stream got. */
const watching = (socketPath: string, count: number): string =>
  `const {request}=require('node:http');let open=0;for(let k=0;k<${count};k++)request({socketPath:${JSON.stringify(socketPath)},path:'/v1/events',agent:false,` +
  `headers:{host:'localhost'}},(a)=>{let text='';a.on('data',(p)=>{if(text==='')if(++open===${count})console.log('open');text+=p;` +
  `for(let i;(i=text.indexOf('event: table'))>=0;text=text.slice(i+12)||' ')console.log(Date.now());});}).end();`;

interface Watching {
  readonly opened: () => number;
  readonly times: () => readonly number[];
}

function collected(namespace: string, socketPath: string): Watching {
  let open = 0;
  const times: number[] = [];
  for (let begun = 0, user = FIRST_USER; begun < READERS; begun += STREAMS_EACH, user += 1) {
    const count = Math.min(STREAMS_EACH, READERS - begun);
    const child = serve(namespace, [
      'setpriv',
      '--reuid',
      String(user),
      '--clear-groups',
      process.execPath,
      '-e',
      watching(socketPath, count),
    ]);
    child.stdout?.on('data', (piece) => {
      for (const line of String(piece).split('\n').filter(Boolean)) {
        if (line === 'open') open += count;
        else times.push(Number(line));
      }
    });
  }
  return { opened: () => open, times: () => times };
}

/** From a change of the table to the event at the last of all who watch: once a second the API looks. */
async function readers(namespace: string, served: Served, count: number): Promise<readonly Row[]> {
  const { opened, times } = collected(namespace, served.read);
  await until(`${READERS} streams`, () => opened() === READERS, 60);
  const spread: number[] = [];
  const before = spentUs(served.pid);
  for (let turn = 0; turn < count; turn += 1) {
    const seen = times().length;
    run(namespace, [bin('ipvsadm'), '-e', '-t', '10.1.0.1:80', '-r', '10.2.1.1:10001', '-m', '-w', String(turn + 2)]);
    await until('the event at all', () => times().length >= seen + READERS, 30);
    const own = times().slice(seen);
    spread.push(Math.max(...own) - Math.min(...own));
  }
  const cost = (spentUs(served.pid) - before) / count / 1000;
  return [
    row(`an event to ${READERS} readers, from the first to the last`, spread, 'ms', {
      note: `${cost.toFixed(0)} ms of the core for each change`,
    }),
    await besideChanges(
      (turn) =>
        carriedOut(namespace, [bin('ipvsadm'), '-e', '-t', '10.1.0.1:80', '-r', '10.2.1.1:10001', '-m', '-w', String((turn % 2) + 2)]),
      () => slowest(served, '/v1/services/tcp:10.1.0.9:80', 20 * count, { when: `events to ${READERS} readers` }),
    ),
  ];
}

async function answering(socketPath: string, path: string): Promise<void> {
  const agent = new Agent();
  for (let tries = 0; ; tries += 1) {
    try {
      await asked(socketPath, path, agent);
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(100);
    }
  }
}

/** Each path beside requests for single services; then some of them while other processes change the table. */
async function underLoad(namespace: string, served: Served, count: number): Promise<readonly Row[]> {
  const stopped = new AbortController();
  const beside = besides(served.write, stopped.signal);
  try {
    const rows: Row[] = [];
    for (const path of PATHS) rows.push(await slowest(served, path, count));
    rows.push(await slowest(served, EXPOSITION, count, { limit: EXPOSITION_MAX_MS }));
    const changed = await besideChanges(
      (turn) => carriedOut(namespace, [bin('ipvsadm'), '-R'], edits(turn)),
      async () => {
        const under: Row[] = [];
        for (const path of BESIDE_CHANGES)
          under.push(await slowest(served, path, count, { when: `while ipvsadm -R changes ${SERVICES} servers`, everyMs: READ_EVERY_MS }));
        return under;
      },
    );
    return [...rows, ...changed];
  } finally {
    stopped.abort();
    await beside;
  }
}

const LARGE = 10_000;
const READING = /^weir_scrape_duration_seconds (.+)$/m;

interface Scraped {
  readonly readMs: number;
  readonly wholeMs: number;
  readonly bytes: number;
}

const scraped = (socketPath: string): Promise<Scraped> =>
  new Promise((done, fail) => {
    const began = performance.now();
    const pieces: Buffer[] = [];
    const sent = request({ socketPath, path: EXPOSITION, headers: { host: 'localhost' } }, (answer) => {
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', fail);
      answer.on('end', () => {
        const wholeMs = performance.now() - began;
        const text = Buffer.concat(pieces);
        done({ readMs: Number(READING.exec(text.toString())?.[1]) * 1000, wholeMs, bytes: text.length });
      });
    });
    sent.on('error', fail);
    sent.end();
  });

/** A table of ten times as many services, read for one exposition after the other. */
async function large({ write }: Served, count: number): Promise<readonly Row[]> {
  const all: Scraped[] = [];
  // The first ones make what is kept.
  for (let turn = -3; turn < count; turn += 1) {
    const one = await scraped(write);
    if (turn >= 0) all.push(one);
  }
  const whole = all.map(({ wholeMs }) => wholeMs);
  const note = `the whole answer took ${median(whole).toFixed(0)} ms, ${((all[0]?.bytes ?? 0) / 1e6).toFixed(0)} MB`;
  const read = [Math.max(...all.map(({ readMs }) => readMs))];
  return [
    row(`reading ${LARGE} services with ${SERVERS_EACH} servers each, the slowest`, read, 'ms', {
      gate: { kind: 'at-most', limit: EXPOSITION_MAX_MS },
      note,
    }),
  ];
}

/** Runs the API, and the bare server, beside a table of so many services. */
async function serving(
  services: number,
  cpu: number,
  work: (served: Served, namespace: string) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const namespace = makeNamespace('api');
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-api-'));
  run(undefined, ['chmod', '755', folder]);
  const sockets = { write: join(folder, 'api.sock'), read: join(folder, 'read.sock'), bare: join(folder, 'bare.sock') };
  const file = join(folder, 'weir.yaml');
  try {
    writeFileSync(file, `api: {write_socket: ${sockets.write}, read_socket: ${sockets.read}}\n`);
    run(namespace, [bin('ipvsadm'), '-R'], rules(services));
    // The API has a core alone where there is a second one: those who ask are not part of what it costs.
    const core = allCpus.split(/[,-]/).find((one) => one !== String(cpu)) ?? String(cpu);
    const child = serve(namespace, ['taskset', '-c', core, bin('weir'), 'api', 'serve', '--config', file]);
    const bare = serve(namespace, ['taskset', '-c', core, process.execPath, '-e', BARE, sockets.bare]);
    try {
      const served: Served = { ...sockets, pid: child.pid ?? 0 };
      await answering(sockets.write, '/livez');
      await answering(sockets.bare, '/1');
      return await work(served, namespace);
    } finally {
      await Promise.all([stop(child), stop(bare)]);
      run(namespace, [bin('weir'), 'unload']);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    dropNamespace(namespace);
  }
}

export async function api({ quick }: Options, cpu: number): Promise<readonly Row[]> {
  const many = await serving(SERVICES, cpu, async (served, namespace) => [
    ...(await underLoad(namespace, served, quick ? 20 : 200)),
    ...(await readers(namespace, served, quick ? 2 : 10)),
  ]);
  return [...many, ...(await serving(LARGE, cpu, (served) => large(served, quick ? 5 : 30)))];
}
