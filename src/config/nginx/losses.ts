// What of an nginx.conf is not carried, and why: a line for each directive.
import type { Directive, NginxPlace } from './parse.js';

export interface Loss {
  readonly at: NginxPlace;
  readonly directive: string;
  readonly why: string;
}

/** `FILE:LINE: directive: why` */
export const lossText = ({ at, directive, why }: Loss): string => `${at.file}:${at.line}: ${directive}: ${why}`;

const PROCESSES = "it is about nginx's own processes, files or logs";
const FILES = 'the proxy serves no files';
const TLS = 'TLS has settings of its own: certificates and the oldest version';
const CACHE = 'the proxy keeps no responses';
const BUFFERS = 'the proxy has buffers of its own';
const CONDITIONS = 'it cannot be carried as a rule; write a location with conditions';

const reasons: Readonly<Record<string, string>> = Object.fromEntries(
  [
    [
      'user worker_processes worker_connections worker_cpu_affinity worker_rlimit_nofile pid error_log access_log log_format events daemon load_module env multi_accept use',
      PROCESSES,
    ],
    [
      'root alias index try_files autoindex sendfile tcp_nopush tcp_nodelay default_type types mime.types open_file_cache gzip gzip_types gzip_vary expires etag',
      FILES,
    ],
    [
      'ssl_ciphers ssl_session_cache ssl_session_timeout ssl_prefer_server_ciphers ssl_session_tickets ssl ssl_dhparam ssl_stapling proxy_ssl_verify proxy_ssl_server_name',
      TLS,
    ],
    ['proxy_cache proxy_cache_path proxy_cache_valid proxy_cache_key proxy_cache_use_stale proxy_store', CACHE],
    [
      'proxy_buffering proxy_buffers proxy_buffer_size proxy_busy_buffers_size proxy_temp_path proxy_max_temp_file_size client_body_buffer_size client_header_buffer_size large_client_header_buffers',
      BUFFERS,
    ],
    ['if rewrite set map geo split_clients auth_request satisfy error_page', CONDITIONS],
    ['proxy_http_version', 'the proxy speaks HTTP/1.1 to servers'],
    ['proxy_redirect', 'Location is passed as the server wrote it'],
    ['zone', 'each process of the proxy has its own state'],
    ['server_tokens', 'the proxy does not name itself'],
  ].flatMap(([names = '', why = '']) => names.split(' ').map((name) => [name, why])),
);

export class Losses {
  readonly #losses: Loss[] = [];

  add({ name, args, at }: Directive, why = reasons[name] ?? 'weir has nothing for it'): void {
    if (this.#losses.some((one) => one.at === at && one.why === why)) return;
    this.#losses.push({ at, directive: [name, ...args].join(' ').slice(0, 80), why });
  }

  /** In the order of the files and of their lines. */
  list(): readonly Loss[] {
    const files = [...new Set(this.#losses.map(({ at }) => at.file))];
    return this.#losses.toSorted((a, b) => files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line);
  }
}
