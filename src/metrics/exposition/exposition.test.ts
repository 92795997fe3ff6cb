// What a reader may ask, and what every text must be, without a director.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_COUNTERS } from '../../control/vrrp/state/counters.js';
import { REASONS } from '../../datapath/ebpf/reasons.gen.js';
import { noStats } from '../../datapath/memory/memory-director.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { negotiatedFormat } from '../collect/scrape.js';
import { collectsIpvs } from '../collect/textfile.js';
import { kindOfReason } from '../families/weir-director.js';
import type { Snapshot, TableSnapshot } from '../snapshot.js';
import { expositionPiecesOf } from './exposition.js';
import { labelText } from './family.js';
import { type MetricsOptions, type MetricsParameter, metricsOptions } from './options.js';

const exposition = (snapshot: Snapshot, asked: MetricsOptions): string => [...expositionPiecesOf(snapshot, asked)].join('');
const options = (given: Partial<Record<MetricsParameter, string>>) => metricsOptions(given, (name) => name);

const SNAPSHOT: Snapshot = {
  at: 1_700_000_100,
  version: '1',
  kernel: '6',
  daemonRuns: true,
  vrrp: {
    instances: [
      {
        ...{ name: 'a"\\\nb', state: 'fault', sinceUs: 1_500_000, interface: 'eth0', vrid: 7, priority: 99, faults: [], split: true },
        counters: { ...NO_COUNTERS, advertsSent: 12, ttlErrors: 3 },
        dumped: { name: 'a', interface: 'eth0', addresses: [], excluded: [], garpDelay: 5 },
      },
    ],
    scripts: [],
    lateness: { boundsUs: [100, 1000], counts: [2, 3, 1], sumUs: 4500 },
  },
  checks: [],
  checkCounts: [1, 2].map((daemon) => ({
    daemon,
    kinds: [
      {
        check: 'TCP_CHECK',
        results: { success: 3, failure: 1, 'not-made': 0, abandoned: 0 },
        durations: { boundsUs: [1000, 2500], counts: [1, 2, 1], sumUs: 9000 },
      },
    ],
    lateness: { boundsUs: [1000, 2500], counts: [4, 0, 0], sumUs: 500 },
  })),
  attempts: [],
  bfd: [],
  sync: [],
  seconds: () => 0.5,
};

test('label values are escaped, and label names sorted', () => {
  assert.equal(labelText({ b: 1, a: 'x"\\\n' }), '{a="x\\"\\\\\\n",b="1"}');
});

test('a histogram adds up, and ends in +Inf, sum and count', () => {
  const lines = exposition(SNAPSHOT, options({ family: 'weir' }))
    .split('\n')
    .filter((line) => line.startsWith('weir_vrrp_advert_lateness_seconds'));
  assert.deepEqual(
    lines.map((line) => line.replace('weir_vrrp_advert_lateness_seconds', '')),
    ['_bucket{le="0.0001"} 2', '_bucket{le="0.001"} 5', '_bucket{le="+Inf"} 6', '_sum 0.0045', '_count 6'],
  );
});

const emptyTable: TableSnapshot = {
  ...{ build: '', loadedAt: 0, generation: 1, totals: noStats, drops: [], connections: { active: 0, inactive: 0 }, services: [] },
  ...{ capacity: 1, slots: 1, spills: 0, templates: { living: 0, slots: 1 }, interfaces: [], drainsBegan: new Map() },
};

test('no series is there twice: services of one mark by both versions of IP, sessions of BFD of two daemons', () => {
  const ofMark = (family: 'inet' | 'inet6', conns: bigint): TableSnapshot['services'][number] => ({
    spec: { key: { kind: 'fwmark', family, mark: 5 }, scheduler: 'rr', schedFlags: 0, onePacket: false },
    stats: { ...noStats, conns },
    destinations: [],
  });
  const table = { ...emptyTable, services: [ofMark('inet', 3n), ofMark('inet6', 4n)] };
  const bfd = [1, 2].map((daemon) => ({ daemon, sessions: [], refused: { length: daemon } }));
  const snapshot = { ...SNAPSHOT, table, bfd } as unknown as Snapshot;
  for (const family of ['node,keepalived,weir', 'keepalived-gen2brain']) {
    const series = exposition(snapshot, options({ family }))
      .split('\n')
      .flatMap((line) => (line.startsWith('#') ? [] : [line.replace(/ [^ ]*$/, '')]));
    assert.deepEqual(
      series.filter((one, index) => series.indexOf(one) !== index),
      [],
    );
  }
  assert.match(exposition(snapshot, options({ family: 'keepalived-gen2brain' })), /^keepalived_lvs_vip_conn\{addr="5",proto="0"\} 7$/m);
  assert.match(exposition(snapshot, options({ family: 'weir' })), /^weir_bfd_refused_total\{reason="length"\} 3$/m);
});

test('how long reading took has the services in it, where they are asked for', () => {
  const durationOf = (given: Parameters<typeof options>[0]): string | undefined => {
    let seconds = 1;
    const table: TableSnapshot = {
      ...emptyTable,
      get services() {
        seconds = 2;
        return [];
      },
    };
    const text = exposition({ ...SNAPSHOT, table, seconds: () => seconds }, options(given));
    return /^weir_scrape_duration_seconds (.*)$/m.exec(text)?.[1];
  };
  assert.equal(durationOf({}), '2');
  assert.equal(durationOf({ family: 'weir' }), '2');
  assert.equal(durationOf({ family: 'weir', scope: 'director' }), '1');
});

test('attempts of health checks are those of all processes together', () => {
  const lines = exposition(SNAPSHOT, options({ family: 'weir' })).split('\n');
  for (const line of [
    'weir_check_total{checker="TCP_CHECK",result="success"} 6',
    'weir_check_duration_seconds_bucket{checker="TCP_CHECK",le="0.0025"} 6',
    'weir_check_duration_seconds_count{checker="TCP_CHECK"} 8',
    'weir_check_duration_seconds_sum{checker="TCP_CHECK"} 0.018',
    'weir_check_lateness_seconds_bucket{le="0.001"} 8',
  ])
    assert.ok(lines.includes(line), line);
});

test('what the API did is in its own exposition', () => {
  const api: NonNullable<Snapshot['api']> = {
    refused: {},
    requests: [],
    durations: [],
    applies: { planned: 2, results: [{ result: 'applied', count: 1 }], durations: { bounds: [0.1], counts: [1, 0], sum: 0.05 } },
    examined: { at: 1_700_000_000, findings: { error: 0, warning: 3, info: 1 } },
    drift: 4,
  };
  const lines = exposition({ ...SNAPSHOT, api }, options({ family: 'weir' })).split('\n');
  for (const line of [
    'weir_plan_changes 2',
    'weir_apply_total{result="applied"} 1',
    'weir_apply_duration_seconds_count 1',
    'weir_doctor_findings{severity="warning"} 3',
    'weir_doctor_examined_timestamp_seconds 1700000000',
    'weir_drift_lines 4',
  ])
    assert.ok(lines.includes(line), line);
});

test('OpenMetrics names a counter without _total, and one that has none is of unknown type', () => {
  const own = exposition(SNAPSHOT, options({ family: 'weir', format: 'openmetrics' }));
  assert.match(own, /# TYPE weir_vrrp_adverts_sent counter\nweir_vrrp_adverts_sent_total\{/);
  const theirs = exposition(SNAPSHOT, options({ family: 'keepalived-gen2brain', format: 'openmetrics' }));
  assert.match(theirs, /# TYPE keepalived_vrrp_advert_sent unknown\n/);
  assert.match(theirs, /\n# EOF\n$/);
});

test('without a datapath there is weir_up 0 and no family of the table; without VIPs one state with no address', () => {
  const text = exposition(SNAPSHOT, options({}));
  assert.match(text, /^weir_up 0$/m);
  assert.doesNotMatch(text, /weir_connections|node_ipvs/);
  assert.match(text, /^keepalived_vrrp_state\{iname="a\\"\\\\\\nb",intf="eth0",ip_address="",vrid="7"\} 3$/m);
  assert.match(text, /^weir_vrrp_split_brain_suspected\{.*\} 1$/m);
});

test('a word that is repeated counts once', () => {
  const once = exposition(SNAPSHOT, options({ family: 'weir', scope: 'director' }));
  const words = (word: string): string => Array.from({ length: 500 }, () => word).join(',');
  assert.equal(exposition(SNAPSHOT, options({ family: words('weir'), scope: words('director') })), once);
  assert.deepEqual(options({ backend_labels: 'proto,proto,local_port' }).backendLabels, ['proto', 'local_port']);
});

test('what is asked wrongly is refused', () => {
  const wrong: readonly Partial<Record<MetricsParameter, string>>[] = [
    { family: 'keepalived,keepalived-gen2brain' },
    { family: 'x' },
    { scope: '' },
    { service: 'tcp:x' },
    { max_series: '-1' },
    { backend_labels: 'x' },
    { format: 'json' },
  ];
  for (const given of wrong)
    assert.throws(
      () => options(given),
      (error) => isWeirError(error, 'option-value'),
    );
});

test('OpenMetrics is what an Accept header has to prefer', () => {
  const prometheus = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
  assert.equal(negotiatedFormat(prometheus), 'openmetrics');
  assert.equal(negotiatedFormat('application/openmetrics-text;version=0.0.1'), 'prometheus');
  assert.equal(negotiatedFormat('text/plain, application/openmetrics-text;q=0.1'), 'prometheus');
  for (const header of ['', '*/*', ';;,', 'application/openmetrics-text;q=0']) assert.equal(negotiatedFormat(header), 'prometheus');
});

test("a node_exporter reads the kernel's IPVS unless its options turn that off", () => {
  const asks = (...words: readonly string[]): boolean => collectsIpvs(['/usr/bin/prometheus-node-exporter', ...words]);
  assert.deepEqual([asks(), asks('--no-collector.ipvs'), asks('--collector.disable-defaults')], [true, false, false]);
  assert.ok(asks('--collector.disable-defaults', '--collector.ipvs'));
  assert.ok(!collectsIpvs(['/usr/bin/node']));
});

test('each reason of the datapath is in one of three families', () => {
  const kinds = REASONS.slice(1).map(({ key }) => kindOfReason(key));
  assert.deepEqual([...new Set(kinds)].sort(), ['drops', 'ended_early', 'passed']);
  assert.equal(kinds.filter((kind) => kind === 'passed').length, 12);
  assert.equal(kinds.filter((kind) => kind === 'ended_early').length, 6);
});
