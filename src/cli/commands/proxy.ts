// weir proxy: HTTP from clients to a pool of servers, by a process a core, until a signal ends it.
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { leftToEngines, ProxyService, type ServiceOptions, type ServiceSettings } from '../../daemon/proxy/proxy-service.js';
import { runProxyWorker } from '../../daemon/proxy/worker-main.js';
import { certificatesThatEnd, loadCertificates } from '../../host/certificates.js';
import { stickySecret } from '../../host/sticky-secret.js';
import { parseEndpoint } from '../../model/endpoint-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { defaultClientLimits, defaultKeepAlive, defaultProxying, defaultServer } from '../../model/layer7/defaults.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import type { PoolServer } from '../../model/layer7/pool.js';
import { command, expectWords } from '../command.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { printStatus } from '../proxy/proxy-status.js';
import { readLayer7 } from '../read-layer7.js';

const USAGE = `usage: weir proxy --config FILE [OPTION ...]
       weir proxy --config FILE --check
       weir proxy --listen ADDRESS:PORT[,ADDRESS:PORT...] [OPTION ...] SERVER ...
       weir proxy status [--json]
       passes HTTP/1.1 requests on to servers: as the section layer7 of a weir.yaml has it; or without a file to the
       servers named here by weighted round robin; SERVER: ADDRESS:PORT or ADDRESS:PORT=WEIGHT
       --check             reads the file and its certificates, and starts nothing
       --workers N         processes; default: one for each core
       --log FILE          append a line for each request; -: standard output
       --log-format NAME   combined (nginx's, with server, times and why) or json; default: combined
       --explain TOKEN     a request whose field Weir-Explain is TOKEN gets the cause of an error in the field Weir-Cause
       --drain SECONDS     how long connections may go on after TERM, INT or USR2; default: 30
       status prints each pool's servers: state, why, weights, share of the requests, requests in flight, failures; as root
       signals: HUP reads the file again, and a faulty one changes nothing; TERM and INT drain and end it, a second
       one ends it immediately; USR1 opens the log again; USR2 starts new processes of the installed
       program on the same sockets and drains the old ones
       exit status: 0: ended by a signal; 1: it could not begin; 2: wrong usage, or FILE is refused; of status: 0, 3 where no
       proxy runs
`;
const TYPES = {
  config: 'value',
  listen: 'value',
  workers: 'value',
  log: 'value',
  'log-format': 'value',
  explain: 'value',
  drain: 'value',
  check: 'flag',
  worker: 'flag',
  json: 'flag',
} as const;
const SECOND_MS = 1000;
const WORKERS_MAX = 256;
const DRAIN_MAX_S = 86_400;

const wrong = (option: string, expected: string, given: string): WeirError => new WeirError('option-value', { option, expected, given });

/** @throws WeirError option-value */
function numberOf(option: string, given: string | undefined, otherwise: number, max: number): number {
  if (given === undefined) return otherwise;
  if (!/^\d{1,6}$/.test(given) || Number(given) > max) throw wrong(option, `a number up to ${max}`, given);
  return Number(given);
}

/** @throws WeirError option-value */
function serverOf(word: string): PoolServer {
  const [, name = '', weight = '1'] = /^(.*?)(?:=(\d{1,5}))?$/.exec(word) ?? [];
  const endpoint = parseEndpoint(name);
  if (endpoint === undefined || Number(weight) === 0) throw wrong('SERVER', 'ADDRESS:PORT or ADDRESS:PORT=WEIGHT', word);
  return { ...defaultServer, ...endpoint, name, weight: Number(weight) };
}

/** One pool behind all listeners. @throws WeirError option-value, option-needs-value */
function modelOf({ listen }: Flags<typeof TYPES>, words: readonly string[]): Layer7 {
  if (listen === undefined) throw new WeirError('option-needs-value', { option: '--listen' });
  const listeners = listen.split(',').map((name) => {
    const endpoint = parseEndpoint(name);
    if (endpoint === undefined) throw wrong('--listen', 'ADDRESS:PORT', name);
    return { name, ...endpoint, proxyFrom: [] };
  });
  if (words.length === 0) throw wrong('SERVER', 'one server at least', '');
  const names = listeners.map(({ name }) => name);
  const path = { kind: 'prefix', path: '/', beforeExpressions: false } as const;
  const match = { path, methods: [], fields: [], cookies: [] };
  const route = { match, action: { kind: 'pool', pool: 'servers' }, proxying: { ...defaultProxying, bodyMaxBytes: 0 } } as const;
  return {
    listeners,
    hosts: [{ label: 'all', names: [], listeners: names, defaultOn: names, routes: [route] }],
    pools: [
      {
        name: 'servers',
        servers: words.map(serverOf),
        balance: { kind: 'round_robin' },
        keepAlive: { ...defaultKeepAlive, connections: 256, requests: 1_000_000 },
      },
    ],
    limits: { ...defaultClientLimits, keepAliveRequests: 1_000_000 },
  };
}

/** @throws WeirError option-value */
function optionsOf(flags: Flags<typeof TYPES>, io: Io): Omit<ServiceOptions, 'folder'> {
  const format = flags['log-format'] ?? 'combined';
  if (format !== 'combined' && format !== 'json') throw wrong('--log-format', 'combined or json', format);
  return {
    workers: Math.max(1, numberOf('--workers', flags.workers, availableParallelism(), WORKERS_MAX)),
    drainMs: numberOf('--drain', flags.drain, 30, DRAIN_MAX_S) * SECOND_MS,
    log: (level, text) => void (level !== 'debug' && io.err(`weir proxy: ${text}\n`)),
    ...(flags.log === undefined ? {} : { accessLog: { path: flags.log, format } }),
  };
}

/** Until a signal ended all processes, also while they start. `read`: the settings again. */
async function serve(service: ProxyService, read: () => ServiceSettings): Promise<void> {
  void service.ready();
  await new Promise<void>((done) => {
    const end = (): void => void service.end().then(done);
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    process.on('SIGHUP', () => void service.reload(read));
    process.on('SIGUSR1', () => service.reopenLogs());
    process.on('SIGUSR2', () => void service.replace());
  });
}

export const run = command({ name: 'weir proxy', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  if (flags.worker) return runProxyWorker();
  if (words[0] === 'status' && flags.config === undefined && flags.listen === undefined)
    return printStatus(words.slice(1), flags.json === true, io);
  const { config, explain } = flags;
  if (config !== undefined) expectWords(words, 0);
  const secret = Buffer.from(stickySecret()).toString('hex');
  const settings = (): ServiceSettings => ({
    model: config === undefined ? modelOf(flags, words) : readLayer7(config),
    secret,
    ...(explain === undefined ? {} : { explainToken: explain }),
  });
  const first = settings();
  if (flags.check) {
    const certificates = loadCertificates(first.model.listeners, dirname(config ?? '.'), Date.now());
    const lines = [...certificatesThatEnd(certificates, Date.now()), ...leftToEngines(first.model.listeners)];
    for (const line of lines) io.err(`weir proxy: ${line}\n`);
    return 0;
  }
  await serve(new ProxyService(first, { ...optionsOf(flags, io), folder: dirname(config ?? '.') }), settings);
  return 0;
});
