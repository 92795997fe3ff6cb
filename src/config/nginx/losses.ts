// What of an nginx.conf is not carried, and why: a line for each directive.
import type { Directive, NginxPlace } from './parse.js';

/**
 * `equivalent`: nothing differs for clients and servers. `approximated`: something does, and requests are served. `lost`: it has no effect. `refused`:
 * clients whom it keeps out would not be.
 */
export type LossStatus = 'equivalent' | 'approximated' | 'lost' | 'refused';

export interface Loss {
  readonly at: NginxPlace;
  readonly directive: string;
  readonly status: LossStatus;
  readonly why: string;
}

/** `FILE:LINE: STATUS: directive: why` */
export const lossText = ({ at, directive, status, why }: Loss): string => `${at.file}:${at.line}: ${status}: ${directive}: ${why}`;

type Reason = Pick<Loss, 'status' | 'why'>;

/** By directives. */
const rows: readonly (readonly [names: string, status: LossStatus, why: string])[] = [
  [
    'user worker_processes worker_connections worker_cpu_affinity worker_rlimit_nofile pid error_log access_log log_format events daemon load_module env multi_accept use',
    'equivalent',
    "it is about nginx's own processes, files or logs",
  ],
  [
    'sendfile tcp_nopush tcp_nodelay default_type types mime.types open_file_cache',
    'equivalent',
    'it is about how files are served, which the proxy does not',
  ],
  [
    'proxy_buffering proxy_buffers proxy_buffer_size proxy_busy_buffers_size proxy_temp_path proxy_max_temp_file_size client_body_buffer_size client_header_buffer_size large_client_header_buffers',
    'equivalent',
    'the proxy has buffers of its own',
  ],
  ['zone', 'equivalent', 'each process of the proxy has its own state'],
  ['server_tokens', 'equivalent', 'the proxy does not name itself'],
  [
    'ssl_ciphers ssl_session_cache ssl_session_timeout ssl_prefer_server_ciphers ssl_session_tickets ssl_dhparam ssl_stapling proxy_ssl_verify proxy_ssl_server_name',
    'approximated',
    'TLS has settings of its own: certificates and the oldest version',
  ],
  [
    'gzip gzip_types gzip_vary gzip_proxied gzip_comp_level gzip_min_length gzip_static gunzip sub_filter sub_filter_once error_page proxy_intercept_errors proxy_cookie_path proxy_cookie_domain proxy_cookie_flags',
    'approximated',
    'answers are passed on as servers wrote them',
  ],
  [
    'set_real_ip_from real_ip_header real_ip_recursive',
    'approximated',
    "a client's address is that of its connection, or of its PROXY header (proxy_protocol_from)",
  ],
  [
    'client_header_timeout client_body_timeout send_timeout keepalive_timeout keepalive_requests',
    'approximated',
    'one value counts for all servers: that of http',
  ],
  ['proxy_http_version', 'approximated', 'the proxy speaks HTTP/1.1 to servers'],
  ['proxy_redirect', 'approximated', 'Location is passed as the server wrote it'],
  ['root alias index try_files autoindex expires etag', 'lost', 'the proxy serves no files'],
  [
    'proxy_cache proxy_cache_path proxy_cache_valid proxy_cache_key proxy_cache_use_stale proxy_store',
    'lost',
    'the proxy keeps no responses',
  ],
  ['if set map geo split_clients', 'lost', 'it cannot be carried as a rule; write a location with conditions'],
  ['rewrite', 'lost', 'it cannot be carried: what is served here is served with the path of the request, not rewritten'],
  [
    'auth_basic_user_file ssl_client_certificate ssl_verify_depth ssl_crl',
    'lost',
    'it belongs to what refuses clients, and there is nothing of that here',
  ],
  [
    'limit_req limit_req_zone limit_req_status limit_conn limit_conn_zone limit_conn_status limit_rate limit_rate_after',
    'lost',
    'no client is limited by it here',
  ],
  [
    'grpc_pass grpc_set_header fastcgi_pass fastcgi_param fastcgi_index uwsgi_pass uwsgi_param scgi_pass memcached_pass',
    'lost',
    'the proxy speaks HTTP/1.1 to servers, and nothing else',
  ],
  ['stream', 'lost', 'connections are layer 4: weir import nginx-stream'],
  [
    'allow deny auth_basic auth_request auth_jwt satisfy limit_except valid_referers secure_link secure_link_md5 ssl_verify_client',
    'refused',
    'it refuses no client here, so that what it protects is open to everyone: let the servers or the packet filter of the host do it',
  ],
];

const reasons: ReadonlyMap<string, Reason> = new Map(
  rows.flatMap(([names, status, why]) => names.split(' ').map((name): [string, Reason] => [name, { status, why }])),
);
const NOTHING: Reason = { status: 'lost', why: 'weir has nothing for it' };

function reasonOf({ name, args }: Directive): Reason {
  const { status, why } = reasons.get(name) ?? NOTHING;
  return { status: status === 'refused' && args[0] === 'off' ? 'equivalent' : status, why };
}

export class Losses {
  readonly #losses: Loss[] = [];

  /** Without `text`: as the table above has it. */
  add(directive: Directive, text?: string, as: LossStatus = 'lost'): void {
    const { status, why } = text === undefined ? reasonOf(directive) : { status: as, why: text };
    const { name, args, at } = directive;
    if (this.#losses.some((one) => one.at === at && one.why === why)) return;
    this.#losses.push({ at, directive: [name, ...args].join(' ').slice(0, 80), status, why });
  }

  /** In the order of the files and of their lines. */
  list(): readonly Loss[] {
    const files = [...new Set(this.#losses.map(({ at }) => at.file))];
    return this.#losses.toSorted((a, b) => files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line);
  }
}
