// weir metrics on a director that the test builds, beside Debian's node_exporter as the oracle of node_ipvs_*, and promtool as the judge of
// every exposition, of the shipped alerts, and of the shipped dashboard.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../datapath/cluster.js';
import { Bed, ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { RunningDaemon } from '../support/running-daemon.js';

const on = { skip: noNamespaces() || noTools('promtool', 'prometheus-node-exporter', 'curl') };
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const VIP = '198.51.100.10';
const CONFIGURATION = `global_defs {
  router_id metrics
  script_user root
  enable_script_security
}
vrrp_script ready {
  script "/bin/true"
  interval 1
}
bfd_instance peer {
  neighbor_ip 198.51.100.2
  source_ip 198.51.100.1
}
vrrp_instance VI_1 {
  state MASTER
  interface wan0
  virtual_router_id 51
  priority 100
  virtual_ipaddress {
    198.51.100.99/24
  }
  virtual_ipaddress_excluded {
    198.51.100.98
  }
  track_script {
    ready
  }
}
virtual_server 198.51.100.11 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  sorry_server 192.0.2.50 80
  real_server 192.0.2.20 80 {
    TCP_CHECK {
      connect_timeout 1
    }
    delay_loop 1
    retry 0
  }
}
`;

const bed = new Bed();
let folder = '';
let gate: Host;
let daemon: RunningDaemon | undefined;

const weir = (line: string): string => {
  const { status, stdout, stderr } = gate.weir(line);
  assert.deepEqual([status, stderr], [0, ''], line);
  return stdout;
};

before(async () => {
  if (on.skip) return;
  folder = mkdtempSync(join(tmpdir(), 'weir-metrics-'));
  gate = bed.host('gate');
  const outside = bed.lan('outside');
  bed.cable(gate, 'wan0', outside, '198.51.100.1/24', `${VIP}/32`);
  for (const line of [
    `-A -t ${VIP}:80 -s wrr`,
    `-a -t ${VIP}:80 -r 198.51.100.20:80 -m -w 3`,
    `-a -t ${VIP}:80 -r 198.51.100.21:80 -m -w 0`,
    '-A -u [2001:db8::1]:53 -s rr',
    '-a -u [2001:db8::1]:53 -r [2001:db8::10]:53 -g',
    '-A -f 10 -s rr -p 60',
    '-a -f 10 -r 198.51.100.20 -g',
    `-A --sctp-service ${VIP}:99 -s rr`,
    `-a --sctp-service ${VIP}:99 -r 198.51.100.20:99 -m`,
    '--start-daemon master --mcast-interface wan0',
  ])
    assert.equal(gate.ipvsadm(line).status, 0, line);
  const file = join(folder, 'keepalived.conf');
  writeFileSync(file, CONFIGURATION);
  assert.equal(gate.weir('drain 198.51.100.21 --deadline 1h').status, 0);
  const pids = ['-p', 'k', '-r', 'v', '-c', 'c'].map((word) => (word.startsWith('-') ? word : join(folder, word)));
  daemon = new RunningDaemon([
    'ip',
    'netns',
    'exec',
    gate.namespace,
    process.execPath,
    ENTRY,
    'keepalived',
    '-n',
    '-l',
    '-f',
    file,
    ...pids,
  ]);
  await until(
    () => weir('metrics --family weir'),
    (text) =>
      /^weir_vrrp_state\{.*\} 2$/m.test(text) &&
      /state="sorry"\} 1$/m.test(text) &&
      /^weir_bfd_packets_sent_total\{.*\} [1-9]/m.test(text) &&
      /^weir_check_total\{checker="TCP_CHECK",result="failure"\} [1-9]/m.test(text) &&
      /^weir_vrrp_adverts_sent_total.* [1-9]/m.test(text),
  );
});
after(async () => {
  if (on.skip) return;
  await daemon?.stop();
  gate.ipvsadm('--stop-daemon master');
  gate.weir('unload');
  bed.close();
  rmSync(folder, { recursive: true });
});

/** Values by name and labels. */
const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.replace(/ \S+$/, ''), Number(line.replace(/^.* /, ''))]),
  );
const namesOf = (text: string): ReadonlySet<string> => new Set([...samplesOf(text).keys()].map((one) => one.replace(/\{.*/, '')));
const helpOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('# '));

/** What node_exporter makes of the files of `weir proc`. */
async function oracle(): Promise<string> {
  mkdirSync(join(folder, 'proc/net'), { recursive: true });
  for (const name of ['ip_vs', 'ip_vs_stats']) writeFileSync(join(folder, 'proc/net', name), weir(`proc ${name}`));
  const argv = ['--collector.disable-defaults', '--collector.ipvs', `--path.procfs=${join(folder, 'proc')}`];
  const child = spawn('ip', [
    ...['netns', 'exec', gate.namespace, 'prometheus-node-exporter'],
    ...[...argv, '--web.listen-address=127.0.0.1:9100', '--web.disable-exporter-metrics'],
  ]);
  try {
    const ask = (): string => gate.run(['curl', '-s', 'http://127.0.0.1:9100/metrics']).stdout;
    return await until(ask, (text) => text.includes('node_ipvs_'));
  } finally {
    child.kill();
  }
}

test('node_ipvs_* is what node_exporter makes of the same table, but for SCTP, which it does not know', on, async () => {
  const isOurs = (name: string): boolean => name.startsWith('node_ipvs_') && !name.includes('remote_port="99"');
  const text = weir('metrics --family node');
  const expected = await oracle();
  const [own, others] = [text, expected].map((one) => [...samplesOf(one)].filter(([name]) => isOurs(name)).sort());
  assert.ok((own?.length ?? 0) > 15);
  assert.deepEqual(own, others);
  const isNode = (line: string): boolean => line.includes(' node_ipvs_');
  assert.deepEqual(helpOf(text).filter(isNode).sort(), helpOf(expected).filter(isNode).sort());
  assert.match(text, /^node_ipvs_backend_weight\{.*proto="SCTP".*\} 1$/m);
});

test('fewer labels of a server add what is equal by them', on, () => {
  const weights = [...samplesOf(weir('metrics --family node --backend-labels proto'))].filter(([name]) => name.includes('weight'));
  assert.deepEqual(weights.map(([name, value]) => [name.replace(/^.*\{/, '{'), value]).sort(), [
    ['{proto="FWM"}', 1],
    ['{proto="SCTP"}', 1],
    ['{proto="TCP"}', 4],
    ['{proto="UDP"}', 1],
  ]);
});

test('keepalived_* has the labels of the exporter, by keepalived.data', on, () => {
  const samples = samplesOf(weir('metrics --family keepalived'));
  assert.equal(samples.get('keepalived_up'), 1);
  assert.equal(samples.get('keepalived_vrrp_state{iname="VI_1",intf="wan0",ip_address="198.51.100.99/24",vrid="51"}'), 2);
  assert.equal(samples.get('keepalived_vrrp_excluded_state{iname="VI_1",intf="wan0",ip_address="198.51.100.98",vrid="51"}'), 2);
  assert.equal(samples.get('keepalived_script_status{name="ready"}'), 1);
  assert.equal(samples.get('keepalived_become_master_total{iname="VI_1",intf="wan0",vrid="51"}'), 1);
  assert.equal(samples.get('keepalived_gratuitous_arp_delay_total{iname="VI_1",intf="wan0",vrid="51"}'), 5);
});

test('a server whose check failed is down, and the sorry server serves', on, () => {
  const samples = samplesOf(weir('metrics --service tcp:198.51.100.11:80 --scope server,service'));
  const state = (server: string, name: string): number | undefined =>
    samples.get(`weir_server_state{server="${server}",service="tcp:198.51.100.11:80",state="${name}"}`);
  assert.deepEqual([state('192.0.2.20:80', 'down'), state('192.0.2.50:80', 'sorry')], [1, 1]);
  assert.equal(samples.get('weir_service_quorum_up{service="tcp:198.51.100.11:80"}'), 0);
  assert.ok([...samples.keys()].every((name) => !name.includes(VIP)));
});

test('a drain is in the exposition, and its server is draining with the configured weight beside', on, async () => {
  const samples = await until(
    () => samplesOf(weir('metrics --family weir')),
    (all) => all.get('weir_drains_total{outcome="empty"}') === 1,
  );
  const of = 'drain="d1",target="198.51.100.21"';
  const named = (name: string): number | undefined => samples.get(`weir_drain_${name}{${of}}`);
  assert.deepEqual([named('active'), named('connections_remaining')], [0, 0]);
  assert.equal((named('deadline_timestamp_seconds') ?? 0) - (named('start_timestamp_seconds') ?? 0), 3600);
  const server = 'server="198.51.100.21:80",service="tcp:198.51.100.10:80"';
  assert.equal(samples.get(`weir_server_state{${server},state="draining"}`), 1);
  assert.deepEqual([samples.get(`weir_server_weight{${server}}`), samples.get(`weir_server_configured_weight{${server}}`)], [0, 0]);
});

test('a scope with too many series is left out, and named', on, () => {
  const text = weir('metrics --family weir --max-series 30');
  assert.match(text, /^weir_scrape_truncated\{scope="server"\} 1$/m);
  assert.doesNotMatch(text, /^weir_server_/m);
});

test('promtool takes every exposition, and OpenMetrics ends as it must', on, () => {
  const check = (input: string): readonly unknown[] => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    return [status, stdout, stderr];
  };
  assert.deepEqual(check(weir('metrics')), [0, '', '']);
  const open = weir('metrics --format openmetrics');
  assert.match(open, /\n# EOF\n$/);
  assert.match(open, /^# TYPE weir_drops counter\n(?:weir_drops_total\{.*\} \d+\n)+/m);
});

test('a file for the textfile collector is one whole exposition', on, () => {
  const path = join(folder, 'weir.prom');
  assert.equal(weir(`metrics --textfile ${path}`), '');
  assert.deepEqual([...namesOf(readFileSync(path, 'utf8'))].sort(), [...namesOf(weir('metrics'))].sort());
});

/** What needs a second director, a stream, too many series, or the API's own process: the rest is in the exposition of this one. */
const NOT_HERE =
  /^weir_stream_|^weir_scrape_truncated$|^weir_(api|plan|apply|drift|doctor)_|^weir_failover_|^weir_(bfd|sync)_refused_total$|^weir_sync_(dropped|overrun)_total$/;

test('every name of the manual, of the alerts and of the dashboard is in an exposition', on, () => {
  const found = new Set([...namesOf(weir('metrics')), ...namesOf(weir('metrics --family keepalived-gen2brain'))]);
  for (const path of ['docs/metrics.md', 'share/prometheus/weir.rules.yml', 'share/grafana/weir.json']) {
    const named = new Set(readFileSync(join(ROOT, path), 'utf8').match(/\b(?:weir|node_ipvs|keepalived)_[a-z_]+[a-z]\b(?![*/.])/g));
    assert.ok(named.size > 5, path);
    const missing = [...named].filter((name) => !(found.has(name) || found.has(`${name}_count`)) && !NOT_HERE.test(name));
    assert.deepEqual(missing, [], path);
  }
  const manual = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
  const families = [...found].map((name) => name.replace(/^(.*_(?:lateness|duration)_seconds)_(bucket|sum|count)$/, '$1'));
  assert.deepEqual(
    families.filter(
      (name) => !manual.includes(name) && !/^keepalived_(lvs|vrrp_[a-z_]*(?:err|rcvd|sent|type|mismatch|failure|list|master))/.test(name),
    ),
    [],
  );
});

test('promtool parses every query of the dashboard, and the alerts fire as they should', on, () => {
  const dashboard = JSON.parse(readFileSync(join(ROOT, 'share/grafana/weir.json'), 'utf8')) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const rules = queries.map((expr, index) => ({
    record: `query:${index}`,
    expr: expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '5m'),
  }));
  const path = join(folder, 'dashboard.rules.yml');
  writeFileSync(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  for (const argv of [
    ['check', 'rules', path, join(ROOT, 'share/prometheus/weir.rules.yml')],
    ['test', 'rules', join(ROOT, 'test/metrics/weir.rules.test.yml')],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', argv, { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  }
});
