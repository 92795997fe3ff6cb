// weir drain: empties a server or a service until a deadline; lists, watches and cancels such drains.
import { parseDuration } from '../../config/weir/units.js';
import { DRAIN_DEFAULTS, type DrainEvent, type DrainRequest } from '../../control/drain/messages.js';
import { drainDriver, drive, driveAlone, startDrainDriver } from '../../daemon/drain/drain-driver.js';
import { cancelDrain, moveDeadline, planOfDrain, presentDrains, startDrain, turn } from '../../daemon/drain/drains.js';
import { openLog } from '../../daemon/log/log.js';
import { LOG_FACILITIES } from '../../daemon/log/log-options.js';
import { type Drain, type DrainRecord, isDriven, isEmptied, isUnfinished } from '../../model/drain/drain.js';
import { drainTargetWord, parseDrainTarget } from '../../model/drain/drain-target.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import { drainJson } from '../../report/drain/drain-value.js';
import { monotonicUs } from '../../sys/clock.js';
import { command, expectWords } from '../command.js';
import { drainLine, drainText, overrideLine, planText } from '../drain/drain-text.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';

const USAGE = `usage: weir drain TARGET|--this-director [--deadline TIME] [--persistence release|honour] [--honour TIME] [--end keep|remove|reset]
                  [--settle TIME] [--idle TIME] [--allow-empty] [--min-capacity PERCENT] [--dry-run|--wait]
                  [--json]
       from its answer on no new connection reaches the target; those that there are go on, until it is empty or until the
       deadline. Its weight for packets is 0 until the drain is cancelled, whatever health checks, feedback, ipvsadm or a reload
       write meanwhile: that is its configured weight, which the cancelling gives back
       TARGET           192.0.2.10 or 192.0.2.10:80: a server, in every service that has it
                        tcp:192.0.2.1:80/192.0.2.10:80: a server of one service; tcp:192.0.2.1:80, mark:5: a service
       --this-director  its instances of VRRP leave their addresses to their peers, which take over; it goes on with its connections
       --deadline       30s, 5m, 2h; default: 5m
       --persistence    release (default): the templates of persistent clients lead there no more; honour: such clients may begin
                        new connections, for the time of --honour; default: until the deadline
       --end            at the deadline: keep (default) leaves the connections that are left alone; remove takes the destination
                        out of the table, also when it is empty before; reset sends both ends of each connection of TCP a
                        reset, and ends the others in the table
       --settle         it is empty when no connection was open for so long; default: 2s
       --idle           without a packet for so long a connection of UDP does not hold it up; default: 30s
       --allow-empty    also where a service is left without a server
       --min-capacity   the share of a service's weights that must be left, in percent
       --dry-run        only prints what it would do to each service, or why it would be refused
       --wait           waits for the end; exit status 0: empty, or nothing is left since the deadline; 3: the deadline has
                        come, and connections are left; 4: cancelled
       weir drain list [--json]          all drains; without --json also the overrides of the control API
       weir drain status ID [--json]     what is left by state, how fast it leaves, when it will be empty
       weir drain wait ID [--json]       waits for its end, as --wait; after that the exit status is what is left now
       weir drain deadline ID TIME [--json]   another deadline, from now on
       weir drain cancel ID [--slow-start TIME] [--json]
                                         gives the configured weights back, also after the end; by tenths within TIME
       weir drain drive                  takes care of all drains until their ends; weir drain starts one in the background
`;
const TYPES = {
  deadline: 'value',
  persistence: 'value',
  honour: 'value',
  end: 'value',
  settle: 'value',
  idle: 'value',
  'this-director': 'flag',
  'slow-start': 'value',
  'allow-empty': 'flag',
  'min-capacity': 'value',
  'dry-run': 'flag',
  wait: 'flag',
  json: 'flag',
} as const;
type DrainFlags = Flags<typeof TYPES>;

const [EMPTY_STATUS, LEFT_STATUS, CANCELLED_STATUS] = [0, 3, 4];
const SECOND_US = 1_000_000;
const TIME_MAX_S = 31 * 24 * 3600;
/** So often the one who waits looks. */
const WAIT_LOOK_MS = 500;
const PERCENT = 100;

/** Seconds. @throws WeirError option-value */
function readTime<T extends number | undefined>(option: string, text: string | undefined, otherwise: T): number | T {
  if (text === undefined) return otherwise;
  const value = (parseDuration(text) ?? Number.POSITIVE_INFINITY) / SECOND_US;
  if (value > TIME_MAX_S) throw new WeirError('option-value', { option, expected: 'a time as 30s, 5m or 2h, up to 31 days', given: text });
  return value;
}

/** @throws WeirError option-value */
function readWord<T extends string>(option: string, text: string | undefined, words: readonly [T, ...T[]]): T {
  if (text === undefined) return words[0];
  const found = words.find((word) => word === text);
  if (found === undefined) throw new WeirError('option-value', { option, expected: words.join(' or '), given: text });
  return found;
}

function readRequest(target: string, flags: DrainFlags): DrainRequest {
  const parsed = parseDrainTarget(target);
  if (parsed === undefined) throw new WeirError('drain-target', { given: target });
  const persistence = readWord('--persistence', flags.persistence, ['release', 'honour']);
  const honourS = readTime('--honour', flags.honour, undefined);
  if (honourS !== undefined && persistence !== 'honour')
    throw new WeirError('option-not-here', { options: '--honour', only: '--persistence honour' });
  const percent = flags['min-capacity'];
  if (percent !== undefined && !/^(\d{1,2}|100)$/.test(percent))
    throw new WeirError('option-value', { option: '--min-capacity', expected: 'a percentage, 0 to 100', given: percent });
  return {
    target: drainTargetWord(parsed),
    deadlineS: readTime('--deadline', flags.deadline, DRAIN_DEFAULTS.deadlineS),
    persistence,
    ...(honourS === undefined ? {} : { honourS }),
    end: readWord('--end', flags.end, ['keep', 'remove', 'reset']),
    settleS: readTime('--settle', flags.settle, DRAIN_DEFAULTS.settleS),
    idleS: readTime('--idle', flags.idle, DRAIN_DEFAULTS.idleS),
    allowEmpty: flags['allow-empty'] === true,
    minCapacity: Number(percent ?? 0) / PERCENT,
  };
}

function print(drain: Drain, json: boolean, io: Io, driver = drainDriver()): void {
  const now = monotonicUs();
  io.out(json ? `${JSON.stringify(drainJson(drain, now, driver))}\n` : drainText(drain, now, driver));
}

const eventLine = ({ id, target, event, text }: DrainEvent): string => `${id} ${target}: ${event}: ${text}`;

async function start(target: string, flags: DrainFlags, io: Io): Promise<number> {
  const request = readRequest(target, flags);
  const json = flags.json === true;
  if (flags['dry-run'] === true) {
    const plan = planOfDrain(request);
    io.out(json ? `${JSON.stringify(plan)}\n` : planText(plan));
    return 0;
  }
  const drain = startDrain(request);
  const driver = startDrainDriver();
  if (flags.wait !== true) {
    print(drain, json, io, driver);
    return 0;
  }
  if (!json) io.out(`${drainLine(drain, monotonicUs())}\n`);
  return waitFor(drain.id, json, io);
}

/** As it is now: also of one whose last connection has left since its deadline, or was ended by it. */
function statusOf(drain: Drain): number {
  if (drain.state === 'cancelled') return CANCELLED_STATUS;
  return isEmptied(drain) ? EMPTY_STATUS : LEFT_STATUS;
}

/** @throws WeirError drain-missing: also where its record went meanwhile, as by weir unload */
async function waitFor(id: string, json: boolean, io: Io): Promise<number> {
  const own = (drains: readonly Drain[]): Drain | undefined => drains.find((drain) => drain.id === id);
  const isDone = (drains: readonly Drain[]): boolean => {
    const drain = own(drains);
    return drain === undefined || !isUnfinished(drain);
  };
  await drive(isDone, () => {}, WAIT_LOOK_MS);
  const ended = own(looked().drains);
  if (ended === undefined) throw new WeirError('drain-missing', { id });
  print(ended, json, io);
  return statusOf(ended);
}

/** A look, so that what is printed is true also where nothing drives the drains. */
function looked(): DrainRecord {
  try {
    return turn({ recounts: true });
  } catch (error) {
    if (isWeirError(error, 'lock-busy')) return presentDrains();
    throw error;
  }
}

function list(json: boolean, io: Io): number {
  const record = looked();
  const { drains, overrides = [] } = record;
  const [now, driver] = [monotonicUs(), drainDriver()];
  if (driver === undefined && isDriven(record)) startDrainDriver();
  const lines = [
    ...(drains.length === 0 ? ['no drains'] : drains.map((drain) => drainLine(drain, now))),
    ...overrides.map((one) => overrideLine(one, now)),
  ];
  if (json) io.out(`${JSON.stringify(drains.map((drain) => drainJson(drain, now, driver)))}\n`);
  else io.out(lines.map((line) => `${line}\n`).join(''));
  return 0;
}

/** @throws WeirError argument-missing */
function idOf(words: readonly string[]): string {
  const [, id] = words;
  if (id === undefined) throw new WeirError('argument-missing', { expected: 'the id of a drain' });
  return id;
}

function status(id: string, json: boolean, io: Io): number {
  const found = looked().drains.find((drain) => drain.id === id);
  if (found === undefined) throw new WeirError('drain-missing', { id });
  print(found, json, io);
  return 0;
}

function cancel(id: string, flags: DrainFlags, io: Io): number {
  const drain = cancelDrain(id, readTime('--slow-start', flags['slow-start'], 0));
  print(drain, flags.json === true, io, isUnfinished(drain) ? (drainDriver() ?? startDrainDriver()) : drainDriver());
  return 0;
}

async function driveInBackground(): Promise<number> {
  const facility = LOG_FACILITIES['daemon'] ?? 0;
  const { log, close } = openLog({ detail: false, console: process.stderr.isTTY === true, syslog: true, facility }, 'weir-drain');
  await driveAlone((event) => log('info', eventLine(event)));
  close();
  return 0;
}

export const run = command({ name: 'weir drain', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  const [verb] = words;
  if (flags['slow-start'] !== undefined && verb !== 'cancel')
    throw new WeirError('option-not-here', { options: '--slow-start', only: 'weir drain cancel' });
  if (flags['this-director'] === true) {
    expectWords(words, 0);
    return start('director', flags, io);
  }
  const json = flags.json === true;
  if (verb === undefined) throw new WeirError('usage', { usage: USAGE });
  expectWords(words, verb === 'deadline' ? 3 : ['status', 'cancel', 'wait'].includes(verb) ? 2 : 1);
  if (verb === 'deadline' && words.length < 3) throw new WeirError('argument-missing', { expected: 'the id of a drain and a time' });
  switch (verb) {
    case 'list':
      return list(json, io);
    case 'status':
      return status(idOf(words), json, io);
    case 'cancel':
      return cancel(idOf(words), flags, io);
    case 'deadline':
      print(moveDeadline(idOf(words), readTime('TIME', words[2], DRAIN_DEFAULTS.deadlineS)), json, io);
      return 0;
    case 'wait':
      return waitFor(idOf(words), json, io);
    case 'drive':
      return driveInBackground();
  }
  return start(verb, flags, io);
});
