#!/usr/bin/node
// WANT_JSON: Ansible passes the path of a file with the arguments. Drains a server or a service before work on it, and ends that afterwards, by weir drain.
'use strict';
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');

const STATES = ['drained', 'active'];
const oneOf = (words) => [`one of ${words.join(', ')}`, (value) => words.includes(value)];
const TEXT = ['a text', (value) => typeof value === 'string' && value !== ''];
const TIME = ['a time as 30s, 5m or 2h', (value) => typeof value === 'string' && value !== ''];
const BOOLEAN = ['true or false', (value) => typeof value === 'boolean'];
const TYPES = {
  target: TEXT,
  state: oneOf(STATES),
  deadline: TIME,
  persistence: oneOf(['release', 'honour']),
  honour: TIME,
  end: oneOf(['keep', 'reset', 'remove']),
  settle: TIME,
  idle: TIME,
  allow_empty: BOOLEAN,
  min_capacity: ['a percentage, 0 to 100', (value) => /^\d{1,3}$/.test(String(value))],
  wait: BOOLEAN,
  executable: TEXT,
};
const VALUES = ['deadline', 'persistence', 'honour', 'end', 'settle', 'idle', 'min_capacity'];
/** Exit statuses of weir drain: 0 is also that of a drain that goes on. */
const [DONE, REFUSED, DEADLINE, CANCELLED] = [0, 1, 3, 4];

class Failure extends Error {}

/** YAML's other words of booleans, as templates give them. */
const BOOLEANS = { true: true, yes: true, false: false, no: false };
const asGiven = (name, value) => (TYPES[name] === BOOLEAN && typeof value === 'string' ? (BOOLEANS[value.toLowerCase()] ?? value) : value);

function readArguments(path) {
  const all = JSON.parse(readFileSync(path, 'utf8'));
  const given = {};
  for (const [name, value] of Object.entries(all)) {
    if (name.startsWith('_ansible_') || value === null) continue;
    if (!Object.hasOwn(TYPES, name)) throw new Failure(`unknown argument ${name}; there are ${Object.keys(TYPES).join(', ')}`);
    given[name] = asGiven(name, value);
    const [expected, holds] = TYPES[name];
    if (!holds(given[name])) throw new Failure(`${name} must be ${expected}, not ${JSON.stringify(value)}`);
  }
  if (given.target === undefined) throw new Failure('target is missing: a server, a service, or a server of a service');
  return { ...given, check: all._ansible_check_mode === true, diff: all._ansible_diff === true };
}

/** Runs weir drain; a status other than these is a failure. */
function weir(executable, words, statuses = [DONE]) {
  const { status, stdout, stderr, error } = spawnSync(executable, ['drain', ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error !== undefined) throw new Failure(`${executable}: ${error.message}; the role weir.director.weir installs weir`);
  if (!statuses.includes(status)) throw new Failure(stderr.trim() || stdout.trim() || `${executable} drain: exit status ${status}`);
  return { status, stdout, stderr };
}

const textOf = (drain) => (drain === undefined ? '' : `${drain.target}: gets no new connections\n`);
const withDiff = (result, { diff, target }, before, after) =>
  diff && result.changed ? { ...result, diff: { before_header: target, after_header: target, before, after } } : result;

function wordsOf(given) {
  const options = VALUES.flatMap((name) => (given[name] === undefined ? [] : [`--${name.replace('_', '-')}`, String(given[name])]));
  return [given.target, ...options, ...(given.allow_empty ? ['--allow-empty'] : [])];
}

function drained(given, executable, held) {
  if (held !== undefined) return { changed: false, drain: held, commands: [] };
  const words = wordsOf(given);
  const commands = [`weir drain ${words.join(' ')}`];
  // What would be refused is refused in a check, too.
  const plan = JSON.parse(weir(executable, [...words, '--dry-run', '--json']).stdout);
  const after = textOf({ target: plan.target });
  if (given.check) return withDiff({ changed: true, plan, commands }, given, '', after);
  const { stdout } = weir(executable, [...words, '--json']);
  return withDiff({ changed: true, plan, drain: JSON.parse(stdout), commands }, given, '', after);
}

/** Nothing is to be given back. A target that the table does not have may be mistyped, or its server was taken out meanwhile: that is a warning. */
function notHeld({ target }, executable) {
  const msg = `no drain holds ${target}`;
  const { status, stderr } = weir(executable, [target, '--allow-empty', '--dry-run', '--json'], [DONE, REFUSED]);
  if (status === DONE) return { changed: false, commands: [], msg };
  if (!stderr.includes(': the table has no ')) throw new Failure(stderr.trim());
  return { changed: false, commands: [], msg, warnings: [`${msg}, and ${stderr.trim().replace(/^weir drain: /, '')}`] };
}

function active(given, executable, held) {
  if (held === undefined) return notHeld(given, executable);
  const commands = [`weir drain cancel ${held.id}`];
  const result = given.check
    ? { changed: true, drain: held, commands }
    : { changed: true, drain: JSON.parse(weir(executable, ['cancel', held.id, '--json']).stdout), commands };
  return withDiff(result, given, textOf(held), '');
}

/** What an operator has to know of a drain that is past its deadline and not empty. */
function leftText({ remaining, handover }) {
  const masters = handover?.masters ?? [];
  const addresses = masters.length === 0 ? '' : `, and no peer has taken over ${masters.join(', ')}`;
  return `the deadline has come: connections left now: ${remaining?.open ?? 0}${addresses}`;
}

/** Waits in weir drain wait, whose exit status is how it is now. */
function waited(result, executable) {
  const { status, stdout } = weir(executable, ['wait', result.drain.id, '--json'], [DONE, DEADLINE, CANCELLED]);
  const drain = JSON.parse(stdout);
  const msg = status === DEADLINE ? leftText(drain) : 'the drain was cancelled';
  return status === DONE ? { ...result, drain } : { ...result, drain, failed: true, msg };
}

function main() {
  const given = readArguments(process.argv[2]);
  const { executable = 'weir', state = 'drained', target, check } = given;
  const drains = JSON.parse(weir(executable, ['list', '--json']).stdout);
  const held = drains.find((drain) => drain.holds && drain.target === target);
  if (state === 'active') return active(given, executable, held);
  const result = drained(given, executable, held);
  return given.wait && !check ? waited(result, executable) : result;
}

let result;
try {
  result = main();
} catch (error) {
  result = { failed: true, changed: false, msg: error instanceof Failure ? error.message : error.stack };
}
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = result.failed ? 1 : 0;
