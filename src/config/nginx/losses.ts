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

const PROCESSES = "it is about nginx's own processes, files or logs";
const FILES = 'the proxy serves no files';
const FILES_HOW = 'it is about how files are served, which the proxy does not';
const OWN_STATE = 'each process of the proxy has its own state';
const NO_NAME = 'the proxy does not name itself';
const HTTP_11 = 'the proxy speaks HTTP/1.1 to servers';
const LOCATION = 'Location is passed as the server wrote it';
const TLS = 'TLS has settings of its own: certificates and the oldest version';
const CACHE = 'the proxy keeps no responses';
const BUFFERS = 'the proxy has buffers of its own';
const CONDITIONS = 'it cannot be carried as a rule; write a location with conditions';
const REWRITE = 'it cannot be carried: what is served here is served with the path of the request, not rewritten';
const ACCESS =
  'it refuses no client here, so that what it protects is open to everyone: let the servers or the packet filter of the host do it';
const ACCESS_MORE = 'it belongs to what refuses clients, and there is nothing of that here';
const RATE = 'no client is limited by it here';
const ANSWERS = 'answers are passed on as servers wrote them';
const PROTOCOLS = 'the proxy speaks HTTP/1.1 to servers, and nothing else';
const CLIENT = "a client's address is that of its connection, or of its PROXY header (proxy_protocol_from)";
const LIMITS = 'one value counts for all servers: that of http';

const reasons: Readonly<Record<string, string>> = Object.fromEntries(
  [
    [
      'user worker_processes worker_connections worker_cpu_affinity worker_rlimit_nofile pid error_log access_log log_format events daemon load_module env multi_accept use',
      PROCESSES,
    ],
    ['root alias index try_files autoindex expires etag', FILES],
    ['sendfile tcp_nopush tcp_nodelay default_type types mime.types open_file_cache', FILES_HOW],
    [
      'ssl_ciphers ssl_session_cache ssl_session_timeout ssl_prefer_server_ciphers ssl_session_tickets ssl_dhparam ssl_stapling proxy_ssl_verify proxy_ssl_server_name',
      TLS,
    ],
    ['proxy_cache proxy_cache_path proxy_cache_valid proxy_cache_key proxy_cache_use_stale proxy_store', CACHE],
    [
      'proxy_buffering proxy_buffers proxy_buffer_size proxy_busy_buffers_size proxy_temp_path proxy_max_temp_file_size client_body_buffer_size client_header_buffer_size large_client_header_buffers',
      BUFFERS,
    ],
    ['if set map geo split_clients', CONDITIONS],
    ['rewrite', REWRITE],
    [
      'allow deny auth_basic auth_request auth_jwt satisfy limit_except valid_referers secure_link secure_link_md5 ssl_verify_client',
      ACCESS,
    ],
    ['auth_basic_user_file ssl_client_certificate ssl_verify_depth ssl_crl', ACCESS_MORE],
    ['limit_req limit_req_zone limit_req_status limit_conn limit_conn_zone limit_conn_status limit_rate limit_rate_after', RATE],
    [
      'gzip gzip_types gzip_vary gzip_proxied gzip_comp_level gzip_min_length gzip_static gunzip sub_filter sub_filter_once error_page proxy_intercept_errors proxy_cookie_path proxy_cookie_domain proxy_cookie_flags',
      ANSWERS,
    ],
    ['grpc_pass grpc_set_header fastcgi_pass fastcgi_param fastcgi_index uwsgi_pass uwsgi_param scgi_pass memcached_pass', PROTOCOLS],
    ['set_real_ip_from real_ip_header real_ip_recursive', CLIENT],
    ['client_header_timeout client_body_timeout send_timeout keepalive_timeout keepalive_requests', LIMITS],
    ['stream', 'connections are layer 4: weir import nginx-stream'],
    ['proxy_http_version', HTTP_11],
    ['proxy_redirect', LOCATION],
    ['zone', OWN_STATE],
    ['server_tokens', NO_NAME],
  ].flatMap(([names = '', why = '']) => names.split(' ').map((name) => [name, why])),
);

/** What clients and servers do not see. */
const UNSEEN = new Set([PROCESSES, BUFFERS, FILES_HOW, OWN_STATE, NO_NAME]);
const SEEN = new Set([ANSWERS, TLS, LIMITS, CLIENT, HTTP_11, LOCATION]);

function statusOf({ args }: Directive, why: string): LossStatus {
  if (why === ACCESS) return args[0] === 'off' ? 'equivalent' : 'refused';
  if (UNSEEN.has(why)) return 'equivalent';
  return SEEN.has(why) ? 'approximated' : 'lost';
}

export class Losses {
  readonly #losses: Loss[] = [];

  /** `status`: where `why` has none of its own. */
  add(
    directive: Directive,
    why = (Object.hasOwn(reasons, directive.name) ? reasons[directive.name] : undefined) ?? 'weir has nothing for it',
    status = statusOf(directive, why),
  ): void {
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
