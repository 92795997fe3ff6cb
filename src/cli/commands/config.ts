// weir config: explains a keepalived.conf, or finds faults in the files of one node or of a pair.

import { dirname } from 'node:path';
import { canRun, renderDiagnostic } from '../../config/keepalived/diagnostics/outcome.js';
import { explain } from '../../config/keepalived/explain/explain.js';
import { lint } from '../../config/keepalived/lint/lint.js';
import { type LintNode, withoutReplaced } from '../../config/keepalived/lint/rule.js';
import { usedScripts } from '../../config/keepalived/lint/scripts/used-scripts.js';
import { usedAuthorities } from '../../config/keepalived/lint/services/certificates.js';
import { type ReadConfiguration, readKeepalived } from '../../config/keepalived/read.js';
import { hostConfigFiles } from '../../host/config-files.js';
import { readScriptTexts } from '../../host/script-texts.js';
import { serviceOptions } from '../../host/service-options.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { type Finding, findingJson, findingsStatus, findingText, sortedFindings } from '../../model/finding.js';
import { troublesOfAuthorities } from '../../sys/files/authorities.js';
import { absolutePath } from '../../sys/files/working-directory.js';
import { reported } from '../failure.js';
import { readFlags, wantsHelp } from '../flags.js';
import type { Io } from '../io.js';
import { DEFAULT_PATH, readOptions } from '../keepalived/options.js';
import { shortHostName } from '../keepalived/read-on-host.js';

const USAGE = `usage: weir config explain [--id NAME] [FILE]
       weir config lint [--id NAME[,NAME…]] [--options 'OPTIONS OF THE DAEMON'] [--json] [FILE…]
       explain: the effective configuration in its own language, each value with its origin
       lint: finds faults, one line each; several files are the nodes of one pair
       --id: what @NAME lines are compared with (one for each file; of one file: one node each)
       exit status of lint 0: fine, 1: warnings, 2: errors; 3: a file could not be read
`;

const TYPES = { id: 'value', options: 'value', json: 'flag' } as const;
const COULD_NOT_READ = 3;

/** The messages of reading the file were printed instead. */
class Unreadable extends Error {}

function readFile(path: string, configId: string): ReadConfiguration {
  const directory = dirname(absolutePath(path));
  return readKeepalived(hostConfigFiles, { path, directory, mustExist: true, configId, environment: process.env });
}

/** @throws Unreadable after printing why */
function understood(path: string, configId: string, io: Io) {
  const { configuration, diagnostics, values } = readFile(path, configId);
  if (configuration !== undefined && canRun(diagnostics)) return { configuration, diagnostics, values };
  for (const diagnostic of diagnostics) io.err(`${renderDiagnostic(diagnostic)}\n`);
  throw new Unreadable(path);
}

function runExplain(files: readonly string[], ids: readonly string[], io: Io): number {
  if (files.length > 1 || ids.length > 1) throw new WeirError('too-many-files');
  const { configuration, diagnostics, values } = understood(files[0] ?? DEFAULT_PATH, ids[0] ?? shortHostName(), io);
  io.out(explain(values, configuration, diagnostics));
  return 0;
}

/** What -V and -I among the words leave behind. */
function leftBehindBy(words: readonly string[]): LintNode['leavesBehind'] {
  const asked = readOptions(words);
  if (asked.kind === 'failed')
    throw new WeirError('option-value', { option: '--options', expected: "the daemon's options", given: asked.text });
  if (asked.kind !== 'run' && asked.kind !== 'test') return { addresses: false, servers: false };
  return { addresses: asked.options.keepAddresses, servers: asked.options.keepServers };
}

/** The service files of this host are about this host's own configuration. */
const isOfThisHost = (path: string): boolean => dirname(absolutePath(path)) === dirname(DEFAULT_PATH);

interface Node {
  readonly path: string;
  readonly id: string;
}

/** One node a file; several ids of one file are several nodes. */
function nodesAsked(files: readonly string[], ids: readonly string[]): readonly Node[] {
  const [first = DEFAULT_PATH] = files;
  if (files.length <= 1 && ids.length > 1) return ids.map((id) => ({ path: first, id }));
  if (ids.length > 1 && ids.length !== files.length) throw new WeirError('ids-without-files', { ids: ids.length, files: files.length });
  const paths = files.length === 0 ? [first] : files;
  return paths.map((path, index) => ({ path, id: ids[index] ?? ids[0] ?? shortHostName() }));
}

function lintNode({ path, id }: Node, options: string | undefined, io: Io) {
  const { configuration, diagnostics, values } = understood(path, id, io);
  const words = options?.split(/\s+/).filter((word) => word !== '') ?? (isOfThisHost(path) ? serviceOptions() : []);
  const scripts = readScriptTexts(usedScripts(configuration).flatMap(({ script }) => script.argv.slice(0, 2)));
  const troubles = troublesOfAuthorities(usedAuthorities(configuration));
  const leavesBehind = leftBehindBy(words);
  const node: LintNode = { file: path, configuration, values, leavesBehind, scripts, troublesOfAuthorities: troubles };
  return { node, diagnostics };
}

/** Messages of reading the file, as findings: those of keepalived are warnings, those that only weir has are infos. */
const messages = (diagnostics: ReadConfiguration['diagnostics']): readonly Finding[] =>
  diagnostics.map(({ severity, at, text, hint }) => ({
    severity: severity === 'notice' ? 'info' : 'warning',
    code: 'message',
    at,
    what: text,
    cause: hint ?? 'keepalived -t reports it',
  }));

function runLint(files: readonly string[], ids: readonly string[], options: string | undefined, json: boolean, io: Io): number {
  const read = nodesAsked(files, ids).map((node) => lintNode(node, options, io));
  const found = lint(read.map(({ node }) => node));
  const findings = sortedFindings([...found, ...read.flatMap(({ diagnostics }) => messages(withoutReplaced(diagnostics, found)))]);
  if (json) io.out(`${JSON.stringify({ findings: findings.map(findingJson) }, undefined, 2)}\n`);
  else for (const finding of findings) io.out(`${findingText(finding)} [${finding.code}]\n`);
  return findingsStatus(findings);
}

function config(args: readonly string[], io: Io): number {
  const [action, ...rest] = args;
  if (wantsHelp(args)) {
    io.out(USAGE);
    return 0;
  }
  if (action === undefined) throw new WeirError('usage', { usage: USAGE });
  if (action !== 'explain' && action !== 'lint') throw new WeirError('action-unknown', { given: action, known: 'explain or lint' });
  const { flags, words } = readFlags(rest, TYPES);
  const ids = flags.id?.split(',') ?? [];
  if (action === 'lint') return runLint(words, ids, flags.options, flags.json === true, io);
  if (flags.json === true || flags.options !== undefined)
    throw new WeirError('option-not-here', { options: '--json and --options', only: 'lint' });
  return runExplain(words, ids, io);
}

export async function run(args: readonly string[], io: Io): Promise<number> {
  let readable = true;
  const status = await reported('weir config', io, async () => {
    try {
      return config(args, io);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      readable = false;
      return COULD_NOT_READ;
    }
  });
  return readable ? status : COULD_NOT_READ;
}
