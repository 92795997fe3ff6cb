// rise, fall, slow_start and shared_checks on real servers: two virtual servers in front of two nginx, one of which ends and comes back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HealthCheckBed, VIP, WEB_ADDRESSES, type Web } from '../support/health-check-bed.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import type { RunningDaemon } from '../support/running-daemon.js';

const skip = noNamespaces() || noTools('nginx', 'curl');
const PORTS = [80, 81] as const;
const WEIGHT = 12;
const PAGE = '/check';

const real = (web: Web): string =>
  `real_server ${WEB_ADDRESSES[web]} 80 {\nweight ${WEIGHT}\nHTTP_GET {\nurl {\npath ${PAGE}\nstatus_code 200\n}\nconnect_timeout 3\n}\n}\n`;
const virtual = (port: number): string =>
  `virtual_server ${VIP} ${port} {\nlvs_sched wrr\nlvs_method NAT\nprotocol TCP\ndelay_loop 1\nretry 0\ndelay_before_retry 1\nwarmup 0\n` +
  `rise 2\nfall 2\nslow_start 20\n${real('web1')}${real('web2')}}\n`;
const CONF = `global_defs {\nshared_checks\nchecker_log_all_failures\n}\n${PORTS.map(virtual).join('')}`;

const SLOW_START = /10\.98\.0\.12:80 starts slowly: weight \d+ of 12\n/;
const WEB2 = `[${WEB_ADDRESSES.web2}]:tcp:80`;
const nameOf = (port: number): string => `[${VIP}]:tcp:${port}`;

let bed: HealthCheckBed;
let daemon: RunningDaemon | undefined;

before(() => {
  if (skip === false) bed = new HealthCheckBed('oc');
});
after(async () => {
  await daemon?.stop();
  if (skip === false) await bed.close();
});

const weightsOf = (web: Web): readonly number[] =>
  bed.servers().flatMap((line) => (line.startsWith(`${web} `) ? [Number(line.split(' ')[1])] : []));

/** Of one virtual server, from a place in the log on. */
const linesAbout = (running: RunningDaemon, from: number, port: number): readonly string[] =>
  running.lines.slice(from).filter((line) => line.includes(WEB2) && line.includes(nameOf(port)));

test('two virtual servers share one attempt, and both lose and regain their server after two rounds, with a rising weight', {
  skip,
}, async () => {
  for (const web of ['web1', 'web2'] as const) await bed.startWeb(web);
  const running = bed.start(CONF);
  daemon = running;
  await running.logged(/^Startup complete$/);
  await running.until(
    'all servers serve',
    () => bed.servers().join() === ['web1', 'web1', 'web2', 'web2'].map((web) => `${web} ${WEIGHT}`).join(),
  );

  const [begunMs, askedBefore] = [performance.now(), bed.asked('web1', PAGE)];
  await running.until('eight attempts', () => bed.asked('web1', PAGE) >= askedBefore + 8);
  // Counted before the time is taken. One of before may be written late, and one is due at each end.
  const asked = bed.asked('web1', PAGE) - askedBefore;
  const seconds = (performance.now() - begunMs) / 1000;
  assert.ok(asked <= seconds + 2, `${asked} attempts in ${seconds} s, with one a second`);

  const lost = running.lines.length;
  await bed.stopWeb('web2');
  await running.until('web2 is out of both', () => weightsOf('web2').length === 0);
  await running.until('both have lost web2', () => PORTS.every((port) => linesAbout(running, lost, port).length >= 3));
  for (const port of PORTS)
    assert.deepEqual(linesAbout(running, lost, port), [
      `Round of checks of service ${WEB2} of VS ${nameOf(port)} failed: 1 of fall 2`,
      `HTTP_GET of service ${WEB2} of VS ${nameOf(port)}: Connection failed (connection refused)`,
      `Removing service ${WEB2} from VS ${nameOf(port)}`,
    ]);
  assert.deepEqual(weightsOf('web1'), [WEIGHT, WEIGHT]);

  const back = running.lines.length;
  await bed.startWeb('web2');
  const seen: number[] = [];
  let status = '';
  await running.until('web2 has its weight in both', () => {
    const weights = weightsOf('web2');
    const [weight = 0] = weights;
    if (weight > 0 && weight !== seen.at(-1)) seen.push(weight);
    // The daemon publishes what it found a moment after it has changed the table.
    if (weight > 0 && weight < WEIGHT && !SLOW_START.test(status)) status = bed.director.weir('status').stdout;
    return weights.length === 2 && weights.every((one) => one === WEIGHT);
  });
  // Ten steps, of which a busy machine may not see all.
  assert.ok(seen.length >= 3 && seen.length <= 11, seen.join(' '));
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.match(status, SLOW_START);
  await running.until('both slow starts are over', () => PORTS.every((port) => linesAbout(running, back, port).length >= 4));
  for (const port of PORTS)
    assert.deepEqual(linesAbout(running, back, port), [
      `Round of checks of service ${WEB2} of VS ${nameOf(port)} succeeded: 1 of rise 2`,
      `Adding service ${WEB2} to VS ${nameOf(port)}`,
      `Slow start of service ${WEB2} of VS ${nameOf(port)} begins: weight 1 of 12, all in 20 s`,
      `Slow start of service ${WEB2} of VS ${nameOf(port)} is over: weight 12`,
    ]);
});
