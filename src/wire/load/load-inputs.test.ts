// What servers report of their load, in every form that is read, and what hostile ones send.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import type { ReadReport } from '../../model/feedback/load-report.js';
import { agentLine, decodeAgentText, encodeAgentText } from './agent-text.js';
import { decodeNodeExporter } from './node-exporter.js';
import { decodeOrca } from './orca.js';
import { decodeWeirLoad, encodeWeirLoad } from './weir-load.js';

const why = (read: ReadReport): string => (read.kind === 'wrong' ? read.why : `read: ${JSON.stringify(read.report)}`);

test('what the agent encodes is decoded', () => {
  const counters = { clockUs: 12, run: 'boot', resources: [{ name: 'cpu', busy: 1, total: 2 }], completed: 7 };
  assert.deepEqual(decodeWeirLoad(encodeWeirLoad(counters)), { kind: 'report', report: { counters } });
});

test('a server that wants no connections has its reason in one printable line', () => {
  const counters = { clockUs: 1, run: 'a', resources: [{ name: 'cpu', busy: 1, total: 2 }] };
  const read = decodeWeirLoad(encodeWeirLoad(counters, { kind: 'drain', why: `disk\x1b full${'!'.repeat(300)}` }));
  assert.ok(read.kind === 'report' && read.report.state?.kind === 'drain');
  assert.equal(read.report.state.why, `disk? full${'!'.repeat(190)}`);
  const sent = (why: unknown): string =>
    JSON.stringify({ format: 1, run: 'a', clock_us: 1, resources: { cpu: { busy: 1, total: 2 } }, state: 'drain', why });
  assert.match(JSON.stringify(decodeWeirLoad(sent('a\nb'))), /"why":"a\?b"/);
  assert.match(JSON.stringify(decodeWeirLoad(sent(undefined))), /"why":"drain"/);
  assert.equal(decodeWeirLoad(sent('x'.repeat(201))).kind, 'wrong');
});

test('an answer of another shape is named', () => {
  const good = { format: 1, run: 'a', clock_us: 1, resources: { cpu: { busy: 1, total: 2 } } };
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [[], /no JSON object/],
    [{ ...good, format: 2 }, /has format 2, not 1/],
    [{ ...good, format: undefined }, /"format" is not 1/],
    [{ ...good, resources: {} }, /"resources"/],
    [{ ...good, resources: { cpu: { busy: '1', total: 2 } } }, /"resources"/],
    [{ ...good, resources: { cpu: { busy: -1, total: 2 } } }, /"resources"/],
    [{ ...good, resources: { ['x'.repeat(65)]: { busy: 1, total: 2 } } }, /"resources"/],
    [{ ...good, clock_us: null }, /"clock_us"/],
    [{ ...good, run: 'x'.repeat(201) }, /"run"/],
    [{ ...good, completed: 'many' }, /"completed"/],
  ];
  for (const [value, pattern] of cases) assert.match(why(decodeWeirLoad(JSON.stringify(value))), pattern);
  assert.match(why(decodeWeirLoad('{"format":1,"clock_us":NaN}')), /no JSON object/);
  assert.match(why(decodeWeirLoad('')), /no JSON object/);
  const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
  for (const name of ['format', 'clock_us', 'run', 'completed', 'state', 'resources'])
    assert.equal(
      decodeWeirLoad(`{"format":1,"run":"a","clock_us":1,"resources":{"cpu":{"busy":1,"total":2}},"${name}":${deep}}`).kind,
      'wrong',
    );
});

test('words of the agent text come in any order; what is not there is not changed', () => {
  assert.deepEqual(decodeAgentText('75%'), { percent: 75 });
  assert.deepEqual(decodeAgentText('up,weight:50%\tready maxconn:30'), { operating: 'up', percent: 50, admin: 'ready' });
  assert.deepEqual(decodeAgentText('maint'), { admin: 'maint' });
  assert.deepEqual(decodeAgentText('down # disk full'), { operating: 'down', why: 'disk full' });
  assert.equal(decodeAgentText('weight:-5%'), `the agent's word "weight:-5%" is not known`);
  assert.equal(decodeAgentText(''), 'the line of the agent is empty');
  assert.equal(decodeAgentText('weight:30'), 'the line of the agent is empty');
});

test('a line ends with CR, LF or the connection, and is not endless', () => {
  assert.equal(agentLine('50%\r\nGET /', false), '50%');
  assert.equal(agentLine('50%', false), undefined);
  assert.equal(agentLine('50%', true), '50%');
  assert.throws(() => agentLine('x'.repeat(2000), false), RangeError);
});

test('what is encoded as agent text is decoded', () => {
  assert.equal(encodeAgentText({ percent: 40, admin: 'ready', operating: 'up' }), '40% ready up\n');
  assert.deepEqual(decodeAgentText(encodeAgentText({ operating: 'down', why: 'no\ndisk' }).trimEnd()), {
    operating: 'down',
    why: 'no?disk',
  });
});

const orca = (value: string, name = 'endpoint-load-metrics'): ReadReport => decodeOrca(new Map([[name, value]]));

test('ORCA: text, JSON, both prefixes; the application comes before the CPU', () => {
  for (const read of [
    orca('cpu_utilization:0.3,named_metrics.q:4'),
    orca('TEXT cpu_utilization=0.3, mem_utilization=0.9'),
    orca('JSON {"cpu_utilization": 0.3}'),
    orca('{"cpuUtilization": 0.3}', 'endpoint-load-metrics-json'),
    orca('cpu_utilization:0.9,application_utilization:0.3'),
  ])
    assert.deepEqual(read, { kind: 'report', report: { busy: 0.3 } });
});

test('ORCA: duplicates, what is no number, and two forms are errors', () => {
  const cases: readonly (readonly [ReadReport, RegExp])[] = [
    [orca('cpu_utilization:0.3,cpu_utilization:0.4'), /cpu_utilization comes twice/],
    [orca('cpu_utilization:NaN'), /no number/],
    [orca('cpu_utilization:Infinity'), /no number/],
    [orca('cpu_utilization:1e999'), /no number/],
    [orca('cpu_utilization:-0.1'), /is -0.1/],
    [orca('cpu_utilization'), /no metric/],
    [orca('mem_utilization:0.3'), /neither/],
    [orca(`cpu_utilization:0.3${',a:1'.repeat(200)}`), /more than 128/],
    [orca('x'.repeat(10_000)), /longer/],
    [orca('JSON [1]'), /no JSON object/],
    [orca('AAAA', 'endpoint-load-metrics-bin'), /not read/],
    [decodeOrca(new Map()), /no header/],
    [
      decodeOrca(
        new Map([
          ['endpoint-load-metrics', 'cpu_utilization:0.3'],
          ['endpoint-load-metrics-json', '{}'],
        ]),
      ),
      /both/,
    ],
  ];
  for (const [read, pattern] of cases) assert.match(why(read), pattern);
});

const NODE = `# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds_total counter
node_boot_time_seconds 1.7e+09
node_cpu_seconds_total{cpu="0",mode="idle"} 70
node_cpu_seconds_total{cpu="0",mode="iowait"} 5
node_cpu_seconds_total{cpu="0",mode="user"} 20
node_cpu_seconds_total{mode="steal",cpu="0"} 5.5 1700000000000
node_load1 0.3
`;

test('node_exporter: the CPUs are busy unless they idle or wait', () => {
  assert.deepEqual(decodeNodeExporter(NODE), {
    kind: 'report',
    report: { counters: { resources: [{ name: 'cpu', busy: 25.5, total: 100.5 }], run: '1.7e+09' } },
  });
  assert.match(why(decodeNodeExporter('node_load1 1\n')), /no node_cpu_seconds_total/);
  assert.match(why(decodeNodeExporter('node_cpu_seconds_total{cpu="0",mode="user"} NaN\n')), /is NaN/);
  assert.match(why(decodeNodeExporter('node_cpu_seconds_total{mode="user"} 1\n')), /no cpu/);
  assert.match(why(decodeNodeExporter(`${NODE}node_cpu_seconds_total{cpu="0",mode="user"} 1\n`)), /comes twice/);
});

test('whatever a server sends, the answer is a report or a reason', () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .array(fc.constantFrom('75%', 'up', 'weight:', '\0', '#', ',', ' ', 'drain', '99999%', 'é'), { maxLength: 20 })
      .map((words) => words.join('')),
    fc.array(fc.constantFrom(NODE, '{', '"', '}', '\n', 'node_cpu_seconds_total'), { maxLength: 6 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (sent) => {
      for (const read of [decodeWeirLoad(sent), decodeNodeExporter(sent), orca(sent), orca(sent, 'endpoint-load-metrics-json')]) {
        if (read.kind === 'wrong') assert.ok(read.why.length > 0 && read.why.length < 200);
        else
          for (const { busy, total } of read.report.counters?.resources ?? [])
            assert.ok(busy >= 0 && total >= 0 && Number.isFinite(busy + total));
      }
      const agent = decodeAgentText(sent.slice(0, 1024));
      assert.ok(typeof agent === 'string' ? agent.length < 200 : Object.keys(agent).length > 0);
    }),
    { numRuns: 2000 },
  );
});
