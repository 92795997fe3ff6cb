// weir feedback: moves the weights of servers with their load, and prints why they are what they are.

import { FeedbackProcess } from '../../daemon/feedback/feedback-process.js';
import { openLog } from '../../daemon/log/log.js';
import { LOG_FACILITIES } from '../../daemon/log/log-options.js';
import { setFrozen } from '../../host/feedback-files.js';
import { type PublishedService, publishedFeedback } from '../../host/published-feedback.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { ConfiguredFeedback } from '../../model/feedback/configured-feedback.js';
import {
  CONFIGURED_DEFAULTS,
  type ConfiguredSettings,
  CUBE_ROOT,
  PERIOD_MAX_US,
  PERIOD_MIN_US,
  POOL_SCALE,
  SCALE_MAX,
} from '../../model/feedback/feedback-settings.js';
import { type FeedbackTarget, parseTargetWord, targetWord } from '../../model/feedback/feedback-target.js';
import { LOAD_SOURCES, type LoadSource, type LoadSourceKind, needsConcurrency, sourceMisfit } from '../../model/feedback/load-source.js';
import { native } from '../../sys/addon.js';
import { command, expectWords } from '../command.js';
import { explainText, serviceStatusText } from '../feedback/feedback-text.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { readWholeFile } from '../read-weir-file.js';
import { untilStopped } from '../until-stopped.js';

const USAGE = `usage: weir feedback run SERVICE ... [--source SOURCE] [--port PORT] [--path PATH] [--period SECONDS] [--scale FACTOR]
                         [--concurrency N] [--law served-per-busy|cube-root] [--detail]
       weir feedback run --config FILE [--detail]
       until it is stopped: asks the servers of each service for their load, and writes weights that follow it; then the configured
       ones are back. A configured weight is what any other program wrote last: ipvsadm, keepalived.conf. 0 stays 0.
       --config  a weir.yaml, whose section feedback has services with settings of their own (docs/feedback.md)
       SERVICE   tcp:192.0.2.1:80, udp:[2001:db8::1]:53, sctp:…, mark:5, mark6:5; of weir proxy: pool:NAME
       --source  weir-load (default): counters of weir agent, port 8088
                 agent-idle, agent-weight: the line of HAProxy's agent-check, port 8089; its percentage is the idle share, or of the weight
                 node-exporter: the CPU's counters of Prometheus' node_exporter, port 9100, /metrics
                 orca: the header endpoint-load-metrics of a page, the server's own port, /
                 connections: of a service, without agents: connections that are open, of the --concurrency N that a server works
                 on at a time; one that refuses connections or does not answer counts as busy
                 of a pool also proxy-requests: requests in flight, of the --concurrency N that a server works on at a time;
                 and proxy-orca: the header endpoint-load-metrics of its answers
       --period  5 or more; default: 5
       --scale   configured weights are multiplied by it: 100 for weights of 1, which could not be divided; default: 1, of pools 100
       --detail  also logs what changes nothing
       weir feedback status [--json]
       prints each server's configured weight, its weight, its share of the new connections, and what was measured
       weir feedback explain SERVICE [ADDRESS:PORT]
       prints why a weight is what it is: target, limits, and the last changes with their reasons
       weir feedback freeze SERVICE    the weights stay as they are; also those of a process that starts later
       weir feedback thaw SERVICE      they follow the load again
       exit status: 0; of status 3 where none runs
`;
const TYPES = {
  config: 'value',
  source: 'value',
  port: 'value',
  path: 'value',
  period: 'value',
  scale: 'value',
  concurrency: 'value',
  law: 'value',
  detail: 'flag',
  json: 'flag',
} as const;
type FeedbackFlags = Flags<typeof TYPES>;

const NONE_RUNS = 3;
const PERIOD_MIN_S = PERIOD_MIN_US / 1_000_000;
const PERIOD_MAX_S = PERIOD_MAX_US / 1_000_000;
const PORT_MAX = 65_535;
const CONCURRENCY_MAX = 999_999;

/** @throws WeirError option-value */
function readNumber(option: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new WeirError('option-value', { option, expected: `a whole number from ${least} to ${most}`, given: text });
  return value;
}

/** @throws WeirError argument-missing, argument-value */
function readService(text: string | undefined): FeedbackTarget {
  if (text === undefined) throw new WeirError('argument-missing', { expected: 'the service' });
  const key = parseTargetWord(text);
  if (key === undefined)
    throw new WeirError('argument-value', { expected: 'a service as tcp:192.0.2.1:80 or mark:5, or a pool as pool:web', given: text });
  return key;
}

const isSource = (text: string): text is LoadSourceKind => Object.hasOwn(LOAD_SOURCES, text);

function readSource({ source = 'weir-load', port, path, concurrency: given }: FeedbackFlags, isPool: boolean): LoadSource {
  if (!isSource(source))
    throw new WeirError('option-value', { option: '--source', expected: Object.keys(LOAD_SOURCES).join(', '), given: source });
  const found = LOAD_SOURCES[source];
  if (path !== undefined && (found.path === '' || !/^\/[!-~]*$/.test(path)))
    throw new WeirError('option-value', { option: '--path', expected: 'a path that begins with /, of a source by HTTP', given: path });
  const concurrency = readNumber('--concurrency', given, 1, CONCURRENCY_MAX);
  if (needsConcurrency(source) && concurrency === undefined) throw new WeirError('option-missing', { option: '--concurrency' });
  const misfit = sourceMisfit(source, isPool, concurrency);
  if (misfit !== undefined) throw new WeirError('option-value', { option: '--source', expected: misfit, given: source });
  const read = { ...found, port: readNumber('--port', port, 1, PORT_MAX) ?? found.port, path: path ?? found.path };
  return { ...read, ...(concurrency === undefined ? {} : { concurrency }) };
}

function readSettings({ period, scale, law = 'served-per-busy' }: FeedbackFlags, isPool: boolean): ConfiguredSettings {
  if (law !== 'served-per-busy' && law !== 'cube-root')
    throw new WeirError('option-value', { option: '--law', expected: 'served-per-busy or cube-root', given: law });
  return {
    ...CONFIGURED_DEFAULTS,
    periodUs: (readNumber('--period', period, PERIOD_MIN_S, PERIOD_MAX_S) ?? PERIOD_MIN_S) * 1_000_000,
    scale: readNumber('--scale', scale, 1, SCALE_MAX) ?? (isPool ? POOL_SCALE : 1),
    law: law === 'cube-root' ? CUBE_ROOT : CONFIGURED_DEFAULTS.law,
  };
}

function servicesOf(words: readonly string[], flags: FeedbackFlags): readonly ConfiguredFeedback[] {
  const keys = words.length === 0 ? [readService(undefined)] : words.map(readService);
  return keys.map((key) => {
    const isPool = key.kind === 'pool';
    return { key, source: readSource(flags, isPool), settings: readSettings(flags, isPool) };
  });
}

/** @throws WeirError file-unreadable, weir-file-refused */
function servicesIn(path: string, words: readonly string[], flags: FeedbackFlags): readonly ConfiguredFeedback[] {
  expectWords(words, 0);
  const given = Object.keys(flags).find((name) => name !== 'config' && name !== 'detail');
  if (given !== undefined) throw new WeirError('option-not-here', { options: `--${given}`, only: 'SERVICE, not with --config' });
  const { feedback = [] } = readWholeFile(path);
  if (feedback.length === 0) throw new WeirError('weir-file-refused', { faults: [`${path} has no section feedback`] });
  return feedback;
}

async function runFeedback(words: readonly string[], flags: FeedbackFlags): Promise<number> {
  const services = flags.config === undefined ? servicesOf(words, flags) : servicesIn(flags.config, words, flags);
  const names = services.map(({ key }) => targetWord(key));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new WeirError('argument-twice', { given: twice });
  const facility = LOG_FACILITIES['daemon'] ?? 0;
  const { log, close } = openLog({ detail: flags.detail === true, console: true, syslog: false, facility }, 'weir-feedback');
  process.umask(0o022);
  const feedback = new FeedbackProcess({ services, log });
  const status = await untilStopped(log, () => feedback.stop());
  close();
  return status;
}

const running = (): readonly PublishedService[] =>
  publishedFeedback.living(String(native().netnsCookie())).flatMap(({ services }) => services);

function status(json: boolean, io: Io): number {
  const services = running();
  if (json) io.out(`${JSON.stringify(services)}\n`);
  else io.out(services.length === 0 ? 'weir feedback does not run here\n' : services.map(serviceStatusText).join('\n'));
  return services.length > 0 ? 0 : NONE_RUNS;
}

/** @throws WeirError feedback-not-running, argument-value */
function explain(text: string | undefined, server: string | undefined, io: Io): number {
  const word = targetWord(readService(text));
  const found = running().find(({ service }) => service === word);
  if (found === undefined) throw new WeirError('feedback-not-running', { service: word });
  const servers = server === undefined ? found.servers : found.servers.filter((one) => one.server === server);
  if (server !== undefined && servers.length === 0)
    throw new WeirError('argument-value', {
      expected: `a server of ${word}: ${found.servers.map((one) => one.server).join(', ')}`,
      given: server,
    });
  io.out(servers.map((one) => explainText(found, one)).join('\n'));
  return 0;
}

function freeze(text: string | undefined, frozen: boolean, io: Io): number {
  const key = readService(text);
  setFrozen(key, frozen);
  io.out(frozen ? `the weights of ${targetWord(key)} stay as they are\n` : `the weights of ${targetWord(key)} follow the load\n`);
  return 0;
}

export const run = command({ name: 'weir feedback', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  const [verb, ...more] = words;
  if (verb === 'run') return runFeedback(more, flags);
  expectWords(words, verb === 'status' ? 1 : verb === 'explain' ? 3 : 2);
  switch (verb) {
    case 'status':
      return status(flags.json === true, io);
    case 'explain':
      return explain(more[0], more[1], io);
    case 'freeze':
    case 'thaw':
      return freeze(more[0], verb === 'freeze', io);
    case undefined:
      throw new WeirError('usage', { usage: USAGE });
  }
  throw new WeirError('action-unknown', { given: verb, known: 'run, status, explain, freeze or thaw' });
});
