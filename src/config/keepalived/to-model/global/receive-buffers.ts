// Receive buffers of the daemon's sockets: *_rcv_bufs, vrrp_rx_bufs_policy (keepalived.conf(5)).
import type { BufferSize, ReceiveBuffers } from '../../../../model/keepalived/global.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Values, Word } from '../../keyword.js';
import { readWhole, UNSIGNED_MAX } from '../../values/number.js';
import { booleanOf, numberOf, wordsOf } from '../../values/values.js';
import { optional } from '../optional-property.js';

/** 0 means that none is set, as in keepalived. */
function size(global: Values, keyword: string): BufferSize | undefined {
  const bytes = numberOf(global, keyword) ?? 0;
  return bytes === 0 ? undefined : { bytes, force: booleanOf(global, `${keyword}_force`) ?? false };
}

interface Policy {
  readonly mtu: boolean;
  readonly advert: boolean;
  readonly bytes?: number;
}

/** Adds one word of vrrp_rx_bufs_policy to those before it. */
function readPolicyWord(policy: Policy, word: Word, report: Report): Policy {
  if (/^mtu$/i.test(word.text)) return { ...policy, mtu: true };
  if (/^advert$/i.test(word.text)) return { ...policy, advert: true };
  const { value, problem } = readWhole(word.text, { min: 0, max: UNSIGNED_MAX });
  if (problem !== undefined) {
    reportProblem(report, word.at, problem);
    report('receive-buffers-policy-invalid', word.at, { word: word.text });
  }
  return value === undefined ? policy : { ...policy, bytes: value };
}

function advertPolicy(global: Values, report: Report): ReceiveBuffers['adverts'] {
  const words = wordsOf(global, 'vrrp_rx_bufs_policy') ?? [];
  const [first] = words;
  if (first === undefined) return undefined;
  const { mtu, advert, bytes } = words.reduce<Policy>((policy, word) => readPolicyWord(policy, word, report), {
    mtu: false,
    advert: false,
  });
  if (bytes !== undefined && (mtu || advert)) report('receive-buffers-size-and-policy', first.at);
  else if (mtu && advert) report('receive-buffers-mtu-and-advert', first.at);
  if (bytes !== undefined) return bytes === 0 ? undefined : { kind: 'bytes', amount: bytes };
  const amount = numberOf(global, 'vrrp_rx_bufs_multiplier') ?? 3;
  return mtu || advert ? { kind: mtu ? 'mtu' : 'advert', amount } : undefined;
}

/** undefined if the file does not set any. */
export function buildReceiveBuffers(global: Values, report: Report): ReceiveBuffers | undefined {
  const buffers = {
    ...optional('command', size(global, 'vrrp_netlink_cmd_rcv_bufs')),
    ...optional('monitor', size(global, 'vrrp_netlink_monitor_rcv_bufs')),
    ...optional('processes', size(global, 'process_monitor_rcv_bufs')),
    ...optional('adverts', advertPolicy(global, report)),
  };
  return Object.keys(buffers).length === 0 ? undefined : buffers;
}
