// weir engine: nginx in place of weir proxy, with a configuration from the same weir.yaml, until a signal ends it.
import { dirname, resolve } from 'node:path';
import type { EngineLoss } from '../../config/nginx/engine-loss.js';
import { writeNginx } from '../../config/nginx/write.js';
import { NginxEngine, nginxFile } from '../../daemon/engine/nginx-engine.js';
import { certificatesThatEnd, loadCertificates } from '../../host/certificates.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command, expectWords } from '../command.js';
import { readLayer7 } from '../read-layer7.js';

const USAGE = `usage: weir engine nginx --config FILE [OPTION ...]
       runs nginx with what the section layer7 of a weir.yaml has; what nginx does not have is printed, a line each
       --print           prints nginx's configuration, and does nothing else
       --check           has nginx examine it, and starts nothing
       --lossy           runs also where something is lost; without it that is refused
       --dir DIRECTORY   where the configuration is written, the one before as nginx.conf.before; default: /run/weir/nginx
       --workers N       processes of nginx; default: one for each core
       --log FILE        append a line for each request, in nginx's combined format
       signals: HUP reads the file and its certificates again, and a faulty one changes nothing; TERM and INT let answers
       end, a second one does not; USR1 opens the log again
       exit status: 0: ended by a signal; 3: with --print, something is lost
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
const FOLDER = '/run/weir/nginx';

/** @throws WeirError option-value */
function workersOf(given: string | undefined): number {
  if (given === undefined) return 0;
  if (/^[1-9]\d{0,2}$/.test(given)) return Number(given);
  throw new WeirError('option-value', { option: '--workers', expected: 'a number from 1 to 999', given });
}

const lossLine = (file: string, { where, why }: EngineLoss): string => `${file}: ${where}: ${why}`;

/** Until a signal ended nginx. */
function serve(engine: NginxEngine, report: (text: string) => void, reload: () => void): Promise<void> {
  return new Promise((done) => {
    const end = (): void => void engine.end().then(done);
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    process.on('SIGUSR1', () => engine.reopenLogs());
    process.on('SIGHUP', () => {
      try {
        reload();
        report('nginx reads the new configuration');
      } catch (error) {
        report(`the configuration of before stays in effect: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  });
}

export const run = command({ name: 'weir engine', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  expectWords(words, 1);
  if (words[0] !== 'nginx') throw new WeirError('argument-value', { expected: 'an engine (nginx)', given: words[0] ?? '' });
  const { config, log } = flags;
  if (config === undefined) throw new WeirError('option-needs-value', { option: '--config' });
  const folder = resolve(flags.dir ?? FOLDER);
  const workers = workersOf(flags.workers);
  const report = (text: string): void => io.err(`weir engine: ${text}\n`);
  const made = (): ReturnType<typeof writeNginx> => {
    const model = readLayer7(config);
    const certificates = loadCertificates(model.listeners, dirname(config), Date.now());
    certificatesThatEnd(certificates, Date.now()).forEach(report);
    return writeNginx(model, { folder, workers, certificates, ...(log === undefined ? {} : { log: resolve(log) }) });
  };
  const accepted = (): string => {
    const { text, losses } = made();
    for (const loss of losses) report(lossLine(config, loss));
    if (losses.length > 0 && !flags.lossy) throw new WeirError('engine-losses', { count: losses.length });
    return text;
  };
  if (flags.print) {
    const { text, losses } = made();
    io.out(text);
    for (const loss of losses) io.err(`${lossLine(config, loss)}\n`);
    return losses.length === 0 ? 0 : LOSSES_STATUS;
  }
  const text = accepted();
  if (flags.check) {
    nginxFile(folder).check(text);
    return 0;
  }
  const engine = new NginxEngine(folder, text, report);
  report(`runs nginx (${engine.pid}) with ${folder}/nginx.conf`);
  await serve(engine, report, () => engine.reload(accepted()));
  return 0;
});
