// Where the built files are: beside the bundle (dist/weir.cjs), or in dist/ of the checkout when running from build/.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeirError } from '../model/errors/weir-error.js';

export type ArtifactName =
  | 'weir.node'
  | 'weir-asan.node'
  | 'weir.bpf.o'
  | 'weir-bridge.bpf.o'
  | 'weir-bridge-ipv6.bpf.o'
  | 'weir-bridge-wide.bpf.o'
  | 'weir-bridge-sctp.bpf.o'
  | 'weir-bridge-wide6.bpf.o'
  | 'weir-bridge-sctp6.bpf.o'
  | 'weir-bridge-wide-sctp.bpf.o'
  | 'weir-bridge-wide-sctp6.bpf.o'
  | 'weir-ipv6.bpf.o'
  | 'weir-xdp-ipv6.bpf.o'
  | 'weir-wide.bpf.o'
  | 'weir-sctp.bpf.o'
  | 'weir-wide6.bpf.o'
  | 'weir-sctp6.bpf.o'
  | 'weir-wide-sctp.bpf.o'
  | 'weir-wide-sctp6.bpf.o'
  | 'weir-takeover.bpf.o'
  | 'weir-fib.bpf.o'
  | 'weir-release.bpf.o'
  | 'weir-tunnel.bpf.o'
  | 'weir-tunnel6.bpf.o'
  | 'weir-fullnat.bpf.o'
  | 'weir-fullnat6.bpf.o'
  | 'weir-fullnat-sctp.bpf.o'
  | 'weir-fullnat-sctp6.bpf.o'
  | 'weir-switch.bpf.o'
  | 'weir-bridge-switch.bpf.o'
  | 'weir-switch6.bpf.o'
  | 'weir-bridge-switch6.bpf.o'
  | 'weir-apply.bpf.o'
  | 'weir-apply-ipv6.bpf.o'
  | 'weir-apply-wide.bpf.o'
  | 'weir-apply-sctp.bpf.o'
  | 'weir-apply-wide6.bpf.o'
  | 'weir-apply-sctp6.bpf.o'
  | 'weir-apply-wide-sctp.bpf.o'
  | 'weir-apply-wide-sctp6.bpf.o'
  | 'weir-apply-fullnat.bpf.o'
  | 'weir-apply-fullnat6.bpf.o'
  | 'weir-vrrp.bpf.o'
  | 'weir-heartbeat.bpf.o'
  | 'weir-claim.bpf.o'
  | 'weir-bfd.bpf.o'
  | 'weir-signals.so'
  | 'weir-regex.node'
  | 'weir-dashboard.js'
  | 'weir-dashboard.css'
  | 'weir.cjs';

/** Every folder that may hold the built files, nearest first, for a module in `from`. */
export function artifactFolders(from: string): readonly string[] {
  const folders = [from];
  for (let at = from; dirname(at) !== at; at = dirname(at)) folders.push(join(dirname(at), 'dist'));
  return folders;
}

/**
 * The path of a built file.
 * @throws WeirError artifact-missing when it was not built
 */
export function artifact(name: ArtifactName, from: string = dirname(fileURLToPath(import.meta.url))): string {
  const found = artifactFolders(from)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
  if (found === undefined) throw new WeirError('artifact-missing', { name });
  return found;
}
