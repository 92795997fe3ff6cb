// The health checks of a pool: keepalived's words, and of a real server of keepalived what is made of them.
import { formatAddress } from '../../model/address-text.js';
import { failure } from '../../model/errors/weir-error.js';
import type { PoolChecks } from '../../model/layer7/pool-checks.js';
import { type DestinationKey, PLAIN_TUNNEL } from '../../model/service.js';
import type { Word } from '../keepalived/keyword.js';
import { realServerKeyword } from '../keepalived/keywords/virtual-server/real-server.js';
import { buildRealServer } from '../keepalived/to-model/virtual-server/real-server.js';
import { readBlock } from '../keepalived/values/read-block.js';
import { builtByKeepalived, keepalivedBlock, keywordsOf, originOf, type WrittenBlock } from './keepalived-block.js';
import type { Report } from './shape.js';

const SECOND_US = 1_000_000;

/** Of a real server what is no matter of LVS, and of its checks those that are about this server alone. */
const OTHERS = new Set([
  ...['weight', 'lvs_method', 'uthreshold', 'lthreshold', 'inhibit_on_failure', 'snmp_name', 'smtp_alert', 'notify_up', 'notify_down'],
  ...['FILE_CHECK', 'BFD_CHECK', 'VIP_CHECK'],
]);
const keywords = (keywordsOf(realServerKeyword) ?? []).filter(({ name }) => !OTHERS.has(name));

export const poolChecksShape = keepalivedBlock(keywords, 'health checks, in the words of keepalived.conf');

/** The checks of a pool whose first server is this. undefined: they cannot be used, which was reported. */
export function poolChecksOf({ at, tree, statements }: WrittenBlock, server: DestinationKey, report: Report): PoolChecks | undefined {
  const label = [formatAddress(server.address), String(server.port)].map((text): Word => ({ text, at: originOf(at), quoted: false }));
  return builtByKeepalived(report, (take) => {
    const values = readBlock(statements, keywords, label, originOf(at), take);
    const real = buildRealServer(values, 'pool', {
      protocol: 'tcp',
      port: server.port,
      forwarding: { method: 'masq', tunnel: PLAIN_TUNNEL },
      service: { protocol: 'tcp', vips: [] },
      weight: 1,
      inhibitOnFailure: false,
      slowStartUs: 0,
      smtpAlert: false,
      timing: { alpha: false, connectTimeoutUs: 5 * SECOND_US, delayLoopUs: 60 * SECOND_US, rise: 1, fall: 1, logAllFailures: false },
      files: [],
      bfds: [],
      report: take,
    });
    if (real === undefined) return undefined;
    if (real.checkers.length === 0) report(at, failure('file-check', { text: 'there is no check', hint: 'TCP_CHECK: {}' }));
    const { checkers, slowStartUs, virtualHost } = real;
    return { tree, checkers, slowStartUs, ...(virtualHost === undefined ? {} : { virtualHost }) };
  });
}
