// The proxies of this network namespace, asked as `weir proxy status` asks them.
import { spawnSync } from 'node:child_process';
import { proxySockets } from '../../host/proxy-sockets.js';
import { isRecord, parseJson } from '../../model/json.js';
import type { ProxyStatus } from '../../model/layer7/pool-status.js';
import { native } from '../../sys/addon.js';
import { artifact } from '../../sys/artifact.js';
import type { ProxyFact } from '../proxy-facts.js';

const ANSWER_MAX_MS = 10_000;

const isStatus = (value: unknown): value is ProxyStatus =>
  isRecord(value) && Number.isInteger(value['pid']) && Array.isArray(value['pools']);

function statuses(): readonly ProxyStatus[] {
  const args = [artifact('weir.cjs'), 'proxy', 'status', '--json'];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: ANSWER_MAX_MS });
  const value = parseJson(stdout ?? '');
  return Array.isArray(value) ? value.filter(isStatus) : [];
}

export function collectProxies(): readonly ProxyFact[] {
  const sockets = proxySockets(String(native().netnsCookie()));
  const answers = sockets.length === 0 ? [] : statuses();
  return sockets.map(({ pid }) => {
    const status = answers.find((one) => one.pid === pid);
    return { pid, ...(status === undefined ? {} : { status }) };
  });
}
