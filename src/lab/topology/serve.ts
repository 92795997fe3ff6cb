// The built-in web server for labs without nginx: `weir lab serve FILE`, run inside a host's namespace.
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { LabSite } from '../definition/lab.js';

interface ServeFile {
  readonly log: string;
  readonly sites: readonly (LabSite & { readonly body: string })[];
}

/** Serves until the process ends. sites.ts writes the file. */
export function serve(path: string): Promise<never> {
  const { log, sites } = JSON.parse(readFileSync(path, 'utf8')) as ServeFile;
  for (const site of sites) {
    const server = createServer((request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(site.body) });
      response.end(request.method === 'HEAD' ? undefined : site.body);
      appendFileSync(log, `${(request.socket.remoteAddress ?? '-').replace(/^::ffff:/, '')} ${site.port} 200\n`);
    });
    server.listen({ port: site.port, host: site.address ?? '0.0.0.0', ipv6Only: true, backlog: 4096 });
  }
  return new Promise(() => {});
}
