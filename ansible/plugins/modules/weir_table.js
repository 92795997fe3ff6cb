#!/usr/bin/node
// WANT_JSON: Ansible passes the path of a file with the arguments. Makes the table what a document states, by weir plan and weir apply.
'use strict';
const { spawnSync } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const KINDS = ['add-service', 'edit-service', 'delete-service', 'add-destination', 'edit-destination', 'delete-destination', 'set-timeouts'];
const TYPES = {
  document: ['a dictionary', (value) => typeof value === 'object' && !Array.isArray(value)],
  src: ['a path', (value) => typeof value === 'string'],
  keep_others: ['true or false', (value) => typeof value === 'boolean'],
  ignore_weights: ['true or false', (value) => typeof value === 'boolean'],
  allow: [`a list of ${KINDS.join(', ')}`, (value) => Array.isArray(value) && value.every((kind) => KINDS.includes(kind))],
  executable: ['a path', (value) => typeof value === 'string'],
};
/** Exit statuses of weir plan and weir apply. */
const [SAME, DIFFERS] = [0, 4];
/** Exit statuses of weir export: all of the table, or without what others keep. */
const [WHOLE, PARTLY] = [0, 3];

class Failure extends Error {}

/** YAML's other words of booleans, as templates give them. */
const BOOLEANS = { true: true, yes: true, false: false, no: false };
const asGiven = (name, value) =>
  (name === 'keep_others' || name === 'ignore_weights') && typeof value === 'string' ? (BOOLEANS[value.toLowerCase()] ?? value) : value;

function readArguments(path) {
  const all = JSON.parse(readFileSync(path, 'utf8'));
  const given = Object.fromEntries(
    Object.entries(all)
      .filter(([name, value]) => !name.startsWith('_ansible_') && value !== null)
      .map(([name, value]) => [name, asGiven(name, value)]),
  );
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(TYPES, name)) throw new Failure(`unknown argument ${name}; there are ${Object.keys(TYPES).join(', ')}`);
    const [expected, holds] = TYPES[name];
    if (!holds(value)) throw new Failure(`${name} must be ${expected}, not ${JSON.stringify(value)}`);
  }
  if ((given.document === undefined) === (given.src === undefined)) throw new Failure('give one of document and src');
  return { ...given, check: all._ansible_check_mode === true, diff: all._ansible_diff === true };
}

/** Runs weir; a status other than these is a failure. */
function weir(executable, words, statuses) {
  const { status, stdout, stderr, error } = spawnSync(executable, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error !== undefined) throw new Failure(`${executable}: ${error.message}; the role weir.director.weir installs weir`);
  if (!statuses.includes(status)) throw new Failure(stderr.trim() || stdout.trim() || `${executable} ${words[0]}: exit status ${status}`);
  return stdout;
}

const exported = (executable) => JSON.parse(weir(executable, ['export', '--json'], [WHOLE, PARTLY]));

function work({ executable = 'weir', keep_others, ignore_weights, allow, check, diff }, file) {
  const options = [
    ...(keep_others ? ['--keep-others'] : []),
    ...(ignore_weights ? ['--ignore', 'weights'] : []),
    ...(allow === undefined ? [] : ['--allow', allow.join(',')]),
  ];
  const plan = JSON.parse(weir(executable, ['plan', file, '--json', ...options], [SAME, DIFFERS]));
  const commands = plan.changes.map(({ command }) => command);
  const changed = commands.length > 0;
  const result = { changed, commands, withheld: plan.withheld, connections: plan.connections, templates: plan.templates, base: plan.base };
  // In check mode there is no table of afterwards: the plan shows what becomes of it.
  if (check) return diff && changed ? { ...result, diff: { prepared: weir(executable, ['plan', file, ...options], [SAME, DIFFERS]) } } : result;
  if (!changed) return result;
  const before = diff ? exported(executable) : undefined;
  weir(executable, ['apply', file, '--base', plan.base, ...options], [SAME, DIFFERS]);
  if (before === undefined) return result;
  const after = exported(executable);
  const shown = { ...result, diff: { before_header: 'table', after_header: 'table', before: before.text, after: after.text } };
  return after.losses.length === 0 ? shown : { ...shown, warnings: after.losses };
}

function main() {
  const given = readArguments(process.argv[2]);
  if (given.src !== undefined) return work(given, given.src);
  const folder = mkdtempSync(join(tmpdir(), 'weir-table-'));
  try {
    const file = join(folder, 'weir.yaml');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(given.document, undefined, 2), { mode: 0o600 });
    return work(given, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let result;
try {
  result = main();
} catch (error) {
  result = { failed: true, changed: false, msg: error instanceof Failure ? error.message : error.stack };
}
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = result.failed ? 1 : 0;
