// What is asked of each peer on the wire: requests on kept connections, new connections, bulk, and floods of datagrams, small ones and in fragments.
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished, start } from './processes.js';
import type { Topology } from './wire-topology.js';

export interface Outcome {
  /** How many units went through. */
  readonly units: number;
  /** What went wrong on the way, in a few words. */
  readonly trouble?: string;
}

export interface WireTest {
  readonly name: string;
  /** Of a figure, which is units by second of the core's work. */
  readonly unit: string;
  readonly run: (topology: Topology, target: string, seconds: number, tools: string) => Promise<Outcome>;
}

const CONNECTIONS = 64;

const wrk = async (topology: Topology, target: string, seconds: number, ...extra: readonly string[]): Promise<Outcome> => {
  const { stdout, stderr } = await finished(
    start(topology.client, ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, ...extra, `http://${target}:80/`]),
  );
  const units = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? Number.NaN);
  const errors = /Socket errors: (.*)/.exec(stdout)?.[1];
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1];
  const trouble = [errors && `socket errors: ${errors}`, refused && `${refused} answers not 2xx`, Number.isNaN(units) && stderr.trim()]
    .filter(Boolean)
    .join('; ');
  return trouble === '' ? { units } : { units, trouble };
};

interface IperfReport {
  readonly error?: string;
  readonly end?: { readonly sum_received?: { readonly bytes?: number } };
}

const bulk: WireTest['run'] = async (topology, target, seconds) => {
  const args = ['timeout', String(seconds + 6), 'iperf3', '-c', target, '-p', '5201', '-t', String(seconds), '-J'];
  const { stdout, stderr } = await finished(start(topology.client, args));
  if (!stdout.trim().startsWith('{')) return { units: Number.NaN, trouble: stderr.trim() || 'iperf3 gave no report' };
  const report = JSON.parse(stdout) as IperfReport;
  const bytes = report.end?.sum_received?.bytes;
  return bytes === undefined ? { units: Number.NaN, trouble: report.error ?? 'iperf3 gave no figure' } : { units: (bytes * 8) / 1e6 };
};

/** Starts a sink, and waits until its socket is bound; what it will have counted comes in `count`. */
const sink = async (namespace: string, seconds: number, tools: string): Promise<{ readonly count: Promise<number> }> => {
  const child = start(namespace, [join(tools, 'udp-sink'), '9000', String(seconds)]);
  const done = finished(child);
  if (child.stdout === null) throw new Error('udp-sink has no output');
  const ready = once(createInterface({ input: child.stdout }), 'line');
  await Promise.race([ready, done]);
  return { count: done.then(({ stdout }) => Number(/^(\d+)$/m.exec(stdout)?.[1] ?? Number.NaN)) };
};

interface Datagrams {
  readonly bytes: number;
  readonly sockets: number;
}

/** Counts the whole ones that arrive. */
const flood = async (
  topology: Topology,
  target: string,
  seconds: number,
  tools: string,
  { bytes, sockets }: Datagrams,
): Promise<Outcome> => {
  const sinks = [];
  for (const server of topology.servers) sinks.push(await sink(server, seconds + 1, tools));
  const source = await finished(
    start(topology.client, [join(tools, 'udp-source'), target, '9000', String(seconds), String(bytes), String(sockets)]),
  );
  const counts = await Promise.all(sinks.map(({ count }) => count));
  const units = counts.reduce((sum, count) => sum + count, 0);
  return source.status === 0 ? { units } : { units, trouble: source.stderr.trim() };
};

/** 45 fragments of 1,500 bytes. */
const LARGEST_DATAGRAM = 65_000;

export const wireTests: readonly WireTest[] = [
  { name: 'requests', unit: 'req/s', run: (topology, target, seconds) => wrk(topology, target, seconds) },
  { name: 'connections', unit: 'conn/s', run: (topology, target, seconds) => wrk(topology, target, seconds, '-H', 'Connection: close') },
  { name: 'udp', unit: 'pkt/s', run: (...asked) => flood(...asked, { bytes: 64, sockets: 64 }) },
  { name: 'fragments', unit: 'datagrams/s', run: (...asked) => flood(...asked, { bytes: LARGEST_DATAGRAM, sockets: 64 }) },
  { name: 'bulk', unit: 'Mbit/s', run: bulk },
];
