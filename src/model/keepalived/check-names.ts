// What keepalived.conf calls each kind of health check.
import type { CheckKind } from './virtual-server.js';

export const CHECK_NAMES: Readonly<Record<CheckKind['kind'], string>> = {
  tcp: 'TCP_CHECK',
  ping: 'PING_CHECK',
  http: 'HTTP_GET',
  ssl: 'SSL_GET',
  smtp: 'SMTP_CHECK',
  dns: 'DNS_CHECK',
  misc: 'MISC_CHECK',
  udp: 'UDP_CHECK',
  file: 'FILE_CHECK',
  bfd: 'BFD_CHECK',
  vip: 'VIP_CHECK',
};
