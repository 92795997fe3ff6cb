// nginx's certificates of a server as those of its listeners. weir chooses among a listener's certificates by their names, nginx by server_name.
import type { CertificateFiles, ListenerTls } from '../../model/layer7/listener.js';
import type { Losses } from './losses.js';
import type { Directive } from './parse.js';

/** `ssl on`: as nginx had it before 1.25, for all listen of a server. */
const TLS = ['ssl', 'ssl_certificate', 'ssl_certificate_key', 'ssl_protocols', 'http2'];
export const isAboutTls = ({ name }: Directive): boolean => TLS.includes(name);

/** Those of the innermost level that has any. */
const last = (levels: readonly (readonly Directive[])[], name: string): readonly Directive[] =>
  levels.map((level) => level.filter((one) => one.name === name)).findLast((found) => found.length > 0) ?? [];

/** undefined: it is not a file. */
function pathOf(one: Directive, folder: string, losses: Losses): string | undefined {
  const [path = ''] = one.args;
  if (path !== '' && !/\$|^(?:data|engine|store):/.test(path)) return path.startsWith('/') ? path : `${folder}/${path}`;
  losses.add(one, 'only files are carried');
  return undefined;
}

function certificatesOf(levels: readonly (readonly Directive[])[], folder: string, losses: Losses): readonly CertificateFiles[] {
  const keys = last(levels, 'ssl_certificate_key');
  return last(levels, 'ssl_certificate').flatMap((one, index) => {
    const chain = pathOf(one, folder, losses);
    const written = keys[index];
    const key = written && pathOf(written, folder, losses);
    if (written === undefined) losses.add(one, 'it has no ssl_certificate_key');
    return chain === undefined || key === undefined ? [] : [{ chain, key }];
  });
}

/** `folder`: what nginx's relative paths begin at. undefined: the server has no certificate. */
export function tlsOf(levels: readonly (readonly Directive[])[], folder: string, losses: Losses): ListenerTls | undefined {
  const certificates = certificatesOf(levels, folder, losses);
  if (certificates.length === 0) return undefined;
  const [protocols] = last(levels, 'ssl_protocols');
  const old = protocols?.args.filter((one) => !['TLSv1.2', 'TLSv1.3'].includes(one)) ?? [];
  if (protocols !== undefined && old.length > 0) losses.add(protocols, `${old.join(' ')} is not carried`);
  const isNewest = protocols !== undefined && !protocols.args.includes('TLSv1.2') && protocols.args.includes('TLSv1.3');
  const [http2] = last(levels, 'http2');
  return { certificates, minVersion: isNewest ? 'TLSv1.3' : 'TLSv1.2', http2: http2?.args[0] === 'on' };
}

export const isOnEverywhere = (levels: readonly (readonly Directive[])[]): boolean => last(levels, 'ssl')[0]?.args[0] === 'on';

/** What two servers have for one listener. */
export function joined(before: ListenerTls, own: ListenerTls, isDefault: boolean): ListenerTls {
  const all = isDefault ? [...own.certificates, ...before.certificates] : [...before.certificates, ...own.certificates];
  const certificates = all.filter((one, index) => all.findIndex(({ chain }) => chain === one.chain) === index);
  return {
    certificates,
    minVersion: before.minVersion === 'TLSv1.3' && own.minVersion === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2',
    http2: before.http2 || own.http2,
  };
}
