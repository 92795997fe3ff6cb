// The keywords of virtual servers, checkers, BFD and SSL in keepalived.conf(5): the tables hold every one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Keyword } from '../../keyword.js';
import { rootKeywords } from '../root.js';

const TIMING = 'delay_loop warmup connect_timeout retry delay_before_retry rise fall';
const CONNECTION = `connect_ip connect_port bindto bind_if bind_port fwmark alpha log_all_failures ${TIMING}`;
const PAGES = `url virtualhost http_protocol fast_recovery nb_get_retry enable_sni ${CONNECTION}`;

const NAMES: Readonly<Record<string, string>> = {
  virtual_server: `lvs_sched lb_algo lvs_method lb_kind flag-1 flag-2 flag-3 sh-port sh-fallback mh-port mh-fallback ops hashed protocol
    persistence_timeout persistence_engine persistence_granularity ip_family alpha omega quorum hysteresis quorum_up quorum_down ha_suspend
    inhibit_on_failure smtp_alert virtualhost snmp_name weight sorry_server sorry_server_inhibit sorry_server_lvs_method slow_start real_server ${TIMING}`,
  'virtual_server/real_server': `weight lvs_method uthreshold lthreshold inhibit_on_failure notify_up notify_down alpha smtp_alert virtualhost
    snmp_name slow_start ${TIMING} HTTP_GET SSL_GET TCP_CHECK SMTP_CHECK DNS_CHECK MISC_CHECK UDP_CHECK PING_CHECK FILE_CHECK BFD_CHECK VIP_CHECK`,
  'virtual_server/real_server/HTTP_GET': PAGES,
  'virtual_server/real_server/SSL_GET': `${PAGES} sni_name tls_compliant verify verify_host verify_ca verify_warning`,
  'virtual_server/real_server/HTTP_GET/url': `path digest status_code virtualhost regex regex_no_match regex_options regex_stack
    regex_min_offset regex_max_offset tls_compliant`,
  'virtual_server/real_server/TCP_CHECK': CONNECTION,
  'virtual_server/real_server/SMTP_CHECK': `helo_name host ${CONNECTION}`,
  'virtual_server/real_server/DNS_CHECK': `type name ${CONNECTION}`,
  'virtual_server/real_server/MISC_CHECK': `misc_path misc_timeout misc_dynamic user alpha log_all_failures delay_loop warmup retry delay_before_retry rise fall`,
  'virtual_server/real_server/UDP_CHECK': `payload require_reply min_reply_length max_reply_length ${CONNECTION}`,
  'virtual_server/real_server/PING_CHECK': CONNECTION,
  'virtual_server/real_server/FILE_CHECK': 'track_file weight',
  'virtual_server/real_server/BFD_CHECK': 'name alpha',
  'virtual_server/real_server/VIP_CHECK': `alpha log_all_failures ${TIMING}`,
  bfd_instance: `neighbor_ip neighbour_ip source_ip min_rx min_tx idle_tx multiplier passive ttl hoplimit max_hops multihop weight vrrp checker`,
  SSL: 'password ca certificate key',
};

function tableAt(path: string): readonly Keyword[] {
  return path.split('/').reduce<readonly Keyword[]>((table, name) => {
    const argument = table.find((keyword) => keyword.name === name)?.argument;
    assert.ok(argument?.kind === 'block', `${name} of ${path}`);
    return argument.keywords();
  }, rootKeywords);
}

for (const [path, names] of Object.entries(NAMES)) {
  test(`${path} has its keywords`, () => {
    const known = new Set(tableAt(path).flatMap(({ name, aliases = [] }) => [name, ...aliases]));
    assert.deepEqual(
      names.split(/\s+/).filter((name) => !known.has(name)),
      [],
    );
  });
}
