// Ansible's collection: its modules on a table of their own, its roles' variables, and the syntax of its playbook.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { noRoot, noTools } from '../support/probes.js';
import { read, root } from '../support/project.js';
import { withCollection } from './collection.js';

const DOCUMENT = { services: { 'tcp:10.0.0.1:80': { scheduler: 'rr', servers: ['10.0.0.2:80'] } } };

const executable = join(root, 'bin/weir');

interface Result {
  readonly changed: boolean;
  readonly failed?: boolean;
  readonly msg?: string;
  readonly warnings?: readonly string[];
  readonly commands?: readonly string[];
  readonly withheld?: readonly unknown[];
  readonly plan?: { readonly target: string };
  readonly drain?: { readonly state: string; readonly holds: boolean };
  readonly diff?: { readonly prepared?: string; readonly before?: string; readonly after?: string };
  readonly ansible_facts?: { readonly weir: { readonly loaded: boolean; readonly document: string } };
}

type Call = readonly [module: string, given: object];

/** Calls modules one after the other in a network namespace of their own. */
const called = (...calls: readonly Call[]): readonly Result[] => calledBeside('', calls);

/** `before`: commands of the shell, in the folder of the collection. */
const calledBeside = (before: string, calls: readonly Call[]): readonly Result[] =>
  withCollection((folder, env) => {
    const lines = calls.map(([module, given], index) => {
      const file = join(folder, `${index}.json`);
      writeFileSync(file, JSON.stringify(given));
      return `${process.execPath} ${join(folder, 'plugins/modules', module)}.js ${file}`;
    });
    const script = [`cd ${folder}`, before, ...lines, '[ -z "$daemon" ] || { kill $daemon; wait $daemon; }', `${executable} unload >&2`];
    const { stdout, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', script.join('\n')], { env, encoding: 'utf8' });
    const results = stdout.trim().split('\n');
    assert.equal(results.length, calls.length, stdout + stderr);
    return results.map((line) => JSON.parse(line) as Result);
  });

const noNamespaces = noRoot() || noTools('unshare');

test('weir_table checks, changes the table, and then has nothing to change', { skip: noNamespaces }, () => {
  const given = { document: DOCUMENT, executable };
  const [checked, facts, withheld, changed, again, after] = called(
    ['weir_table', { ...given, _ansible_check_mode: true, _ansible_diff: true }],
    ['weir_facts', { executable }],
    ['weir_table', { ...given, allow: ['delete-service'] }],
    ['weir_table', { ...given, _ansible_diff: true }],
    ['weir_table', given],
    ['weir_facts', { executable }],
  );
  const commands = ['ipvsadm -A -t 10.0.0.1:80 -s rr', 'ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1'];
  assert.deepEqual([checked?.changed, checked?.commands], [true, commands], checked?.msg);
  assert.match(checked?.diff?.prepared ?? '', /\+ tcp:10\.0\.0\.1:80/);
  assert.doesNotMatch(facts?.ansible_facts?.weir.document ?? '', /10\.0\.0\.1/);
  assert.equal(withheld?.changed, false);
  assert.ok((withheld?.withheld ?? []).length > 0);
  assert.deepEqual([changed?.changed, changed?.commands], [true, commands]);
  assert.doesNotMatch(changed?.diff?.before ?? '', /10\.0\.0\.1/);
  assert.match(changed?.diff?.after ?? '', /tcp:10\.0\.0\.1:80/);
  assert.deepEqual([again?.changed, again?.commands], [false, []]);
  assert.equal(after?.ansible_facts?.weir.loaded, true);
  assert.match(after?.ansible_facts?.weir.document ?? '', /tcp:10\.0\.0\.1:80/);
});

/** weir run with a service whose server it checks, until the table has it. */
const CHECKING_DAEMON = `ip link set lo up
cat >weir.yaml <<end
services: {tcp:10.0.0.9:80: {checks: {TCP_CHECK: {connect_timeout: 1}}, servers: [10.0.0.2:80]}}
end
echo 'global_defs {
  router_id checked
}' >keepalived.conf
${executable} run --weir-config weir.yaml -f keepalived.conf -p run.pid -c checkers.pid -r vrrp.pid -n -l -D -G >log 2>&1 &
daemon=$!
n=0
until ${executable} export --all 2>>log | grep -q 10.0.0.9; do n=$((n+1)); [ $n -lt 100 ] || { cat log >&2; break; }; sleep 0.2; done`;

test('beside a daemon there are facts and diffs, with a warning of what it keeps', { skip: noNamespaces || noTools('ip') }, () => {
  const given = { document: DOCUMENT, keep_others: true, executable, _ansible_diff: true };
  const [facts, checked, changed] = calledBeside(CHECKING_DAEMON, [
    ['weir_facts', { executable }],
    ['weir_table', { ...given, _ansible_check_mode: true }],
    ['weir_table', given],
  ]);
  const left = /^tcp:10\.0\.0\.9:80 is left out: weir run \(process \d+\), which checks its servers keeps it$/;
  assert.equal(facts?.ansible_facts?.weir.loaded, true, facts?.msg);
  assert.doesNotMatch(facts?.ansible_facts?.weir.document ?? '', /10\.0\.0\.9/);
  assert.match((facts?.warnings ?? []).join('\n'), left);
  assert.match(checked?.diff?.prepared ?? '', /\+ tcp:10\.0\.0\.1:80/, checked?.msg);
  assert.equal(changed?.changed, true, changed?.msg);
  assert.match(changed?.diff?.after ?? '', /tcp:10\.0\.0\.1:80/);
  assert.match((changed?.warnings ?? []).join('\n'), left);
});

test('weir_drain checks, drains, waits, and gives the weights back', { skip: noNamespaces }, () => {
  const two = { services: { 'tcp:10.0.0.1:80': { scheduler: 'rr', servers: ['10.0.0.2:80', '10.0.0.3:80'] } } };
  const [given, other] = ['10.0.0.2', '10.0.0.3'].map((target) => ({ target, settle: '0s', executable })) as [object, object];
  const [, checked, drained, again, refused, wrong, checkedBack, back, after, missing, nonsense] = called(
    ['weir_table', { document: two, executable }],
    ['weir_drain', { ...given, _ansible_check_mode: true, _ansible_diff: true }],
    ['weir_drain', { ...given, wait: true }],
    ['weir_drain', given],
    ['weir_drain', { ...other, _ansible_check_mode: true }],
    ['weir_drain', { ...given, state: 'gone' }],
    ['weir_drain', { ...given, state: 'active', _ansible_check_mode: true }],
    ['weir_drain', { ...given, state: 'active' }],
    ['weir_drain', { ...given, state: 'active' }],
    ['weir_drain', { ...given, target: '10.0.0.22', state: 'active' }],
    ['weir_drain', { ...given, target: 'web1', state: 'active' }],
  );
  assert.deepEqual([checked?.changed, checked?.plan?.target, checked?.drain], [true, '10.0.0.2', undefined], checked?.msg);
  assert.match(checked?.diff?.after ?? '', /10\.0\.0\.2/);
  assert.deepEqual([drained?.changed, drained?.drain?.state, drained?.drain?.holds], [true, 'empty', true], drained?.msg);
  assert.equal(again?.changed, false);
  assert.match(refused?.msg ?? '', /^weir drain: (?!weir drain).*without a server/, 'what would be refused is refused in a check');
  assert.match(wrong?.msg ?? '', /state must be one of drained, active/);
  assert.deepEqual([checkedBack?.changed, checkedBack?.drain?.holds], [true, true]);
  assert.deepEqual([back?.changed, back?.drain?.state], [true, 'cancelled']);
  assert.deepEqual([after?.changed, after?.msg, after?.warnings], [false, 'no drain holds 10.0.0.2', undefined]);
  assert.deepEqual([missing?.changed, missing?.failed], [false, undefined], missing?.msg);
  assert.match(missing?.warnings?.[0] ?? '', /^no drain holds 10\.0\.0\.22, and the table has no 10\.0\.0\.22/);
  assert.deepEqual([nonsense?.failed, nonsense?.changed], [true, false]);
  assert.match(nonsense?.msg ?? '', /web1 is nothing that can be drained/);
});

test('weir_table refuses what it does not know', { skip: noNamespaces }, () => {
  const results = called(
    ['weir_table', { document: DOCUMENT, executable, force: true }],
    ['weir_table', { executable }],
    ['weir_table', { document: DOCUMENT, allow: ['everything'] }],
    ['weir_table', { document: DOCUMENT, executable: '/nonexistent/weir' }],
    ['weir_table', { document: { services: { nonsense: {} } }, executable }],
  );
  const expected = [/unknown argument force/, /one of document and src/, /allow must be/, /installs weir/, /nonsense/];
  assert.deepEqual(
    results.map(({ failed, changed, msg = '' }, index) => failed === true && !changed && expected[index]?.test(msg) === true),
    results.map(() => true),
    JSON.stringify(results),
  );
});

test('every variable of a role is described, and has its default', () => {
  for (const role of readdirSync(join(root, 'ansible/roles'))) {
    const specs = parse(read(`ansible/roles/${role}/meta/argument_specs.yml`)) as {
      readonly argument_specs: { readonly main: { readonly options: Readonly<Record<string, { readonly default?: unknown }>> } };
    };
    const { options } = specs.argument_specs.main;
    const defaults = parse(read(`ansible/roles/${role}/defaults/main.yml`)) as Readonly<Record<string, unknown>>;
    assert.deepEqual(Object.keys(defaults).sort(), Object.keys(options).sort(), role);
    for (const [name, { default: value }] of Object.entries(options))
      if (value !== undefined) assert.deepEqual(defaults[name], value, name);
  }
});

test('Ansible reads the playbook and its roles', { skip: noTools('ansible-playbook') }, () => {
  const { status, stdout, stderr } = withCollection((cwd, env) =>
    spawnSync('ansible-playbook', ['--syntax-check', '-i', 'directors,', 'playbooks/site.yml'], { cwd, env, encoding: 'utf8' }),
  );
  assert.equal(status, 0, stdout + stderr);
});
