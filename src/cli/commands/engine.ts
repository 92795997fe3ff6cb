// weir engine: nginx or HAProxy in place of weir proxy, with a configuration from the same weir.yaml, until a signal ends it.
import { dirname, resolve } from 'node:path';
import { ENGINES, isEngineName } from '../../daemon/engine/engine-program.js';
import { EngineService, examineEngine, lossText, printedText } from '../../daemon/engine/engine-service.js';
import { netnsEngineFolder } from '../../host/state-file.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Log } from '../../model/log-level.js';
import { command, expectWords } from '../command.js';
import { readLayer7 } from '../read-layer7.js';

const USAGE = `usage: weir engine nginx|haproxy --config FILE [OPTION ...]
       runs nginx or HAProxy with what the section layer7 of a weir.yaml has; what the engine does not have is printed,
       a line each. Health checks, layer 4's verdicts and feedback are weir's: HAProxy follows them at run time, nginx by
       reloads
       --print           prints the engine's configuration, and does nothing else
       --check           has the engine examine it, and starts nothing
       --lossy           runs also where something is lost; without it that is refused
       --dir DIRECTORY   where the configuration is written, the one before as nginx.conf.before or haproxy.cfg.before;
                         default: /run/weir/nginx/COOKIE or /run/weir/haproxy/COOKIE, by this network namespace
       --workers N       processes of nginx, threads of HAProxy; default: one for each core
       --log FILE        append a line for each request, in nginx's combined format
       signals: HUP reads the file and its certificates again, and a faulty one changes nothing; TERM and INT let answers
       end, a second one does not; USR1 opens the log again
       exit status: 0: ended by a signal; 1: it could not begin; 2: wrong usage, or FILE is refused; 3: with --print, something
       is lost
`;
const TYPES = {
  config: 'value',
  print: 'flag',
  check: 'flag',
  lossy: 'flag',
  dir: 'value',
  workers: 'value',
  log: 'value',
} as const;
const LOSSES_STATUS = 3;

/** @throws WeirError option-value */
function workersOf(given: string | undefined): number {
  if (given === undefined) return 0;
  if (/^[1-9]\d{0,2}$/.test(given)) return Number(given);
  throw new WeirError('option-value', { option: '--workers', expected: 'a number from 1 to 999', given });
}

/** Until a signal ended the engine. */
function serve(service: EngineService, config: string): Promise<void> {
  return new Promise((done) => {
    const end = (): void => void service.end().then(done);
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    process.on('SIGUSR1', () => service.reopenLogs());
    process.on('SIGHUP', () => service.reload(() => readLayer7(config)));
  });
}

export const run = command({ name: 'weir engine', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  expectWords(words, 1);
  const [name] = words;
  if (!isEngineName(name)) throw new WeirError('argument-value', { expected: 'an engine (nginx or haproxy)', given: name ?? '' });
  const { config } = flags;
  if (config === undefined) throw new WeirError('option-needs-value', { option: '--config' });
  const log: Log = (level, text) => void (level !== 'debug' && io.err(`weir engine: ${text}\n`));
  const options = {
    program: ENGINES[name],
    folder: dirname(config),
    runFolder: resolve(flags.dir ?? netnsEngineFolder(name)),
    workers: workersOf(flags.workers),
    ...(flags.log === undefined ? {} : { accessLog: resolve(flags.log) }),
    lossy: flags.lossy === true,
    source: config,
    log,
  };
  const model = readLayer7(config);
  if (flags.print) {
    const { text, losses } = printedText(options, model);
    io.out(text);
    for (const loss of losses) io.err(`${lossText(config, loss)}\n`);
    return losses.length === 0 ? 0 : LOSSES_STATUS;
  }
  if (flags.check) {
    examineEngine(model, options);
    return 0;
  }
  await serve(new EngineService(model, options), config);
  return 0;
});
