// The configuration of one host's nginx. Pure.
import type { LabSite } from '../definition/lab.js';

/** `$` begins a variable in nginx; validation does not allow it in bodies. */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}\\n"`;

export const siteBody = (host: string, site: LabSite): string => site.body ?? `Welcome from ${host}`;

/** A configuration that logs `CLIENT PORT STATUS` for each request to FOLDER/access.log. */
export function nginxConfig(host: string, sites: readonly LabSite[], folder: string): string {
  return [
    'daemon off;',
    'user root;',
    'worker_processes 1;',
    'worker_rlimit_nofile 65536;',
    `pid ${folder}/nginx.pid;`,
    `error_log ${folder}/error.log;`,
    'events { worker_connections 16384; multi_accept on; }',
    'http {',
    '  default_type text/plain;',
    "  log_format lab '$remote_addr $server_port $status';",
    `  access_log ${folder}/access.log lab;`,
    ...sites.map(
      (site) =>
        `  server { listen ${site.address === undefined ? '' : `${site.address.includes(':') ? `[${site.address}]` : site.address}:`}${site.port} backlog=4096; location / { return 200 ${quoted(siteBody(host, site))}; } }`,
    ),
    '}',
    '',
  ].join('\n');
}
