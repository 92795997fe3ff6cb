// nginx's certificates of a server as those of its listeners. weir chooses among a listener's certificates by their names, nginx by server_name.
import type { CertificateFiles, ListenerTls } from '../../model/layer7/listener.js';
import type { Losses } from './losses.js';
import type { Directive } from './parse.js';

const TLS = ['ssl_certificate', 'ssl_certificate_key', 'ssl_protocols', 'http2'];
export const isAboutTls = ({ name }: Directive): boolean => TLS.includes(name);

/** Those of the innermost level that has any. */
const last = (levels: readonly (readonly Directive[])[], name: string): readonly Directive[] =>
  levels.map((level) => level.filter((one) => one.name === name)).findLast((found) => found.length > 0) ?? [];

function pathsOf(directives: readonly Directive[], folder: string, losses: Losses): readonly string[] {
  return directives.flatMap((one) => {
    const [path = ''] = one.args;
    if (path === '' || /\$|^(?:data|engine|store):/.test(path)) losses.add(one, 'only files are carried');
    else return [path.startsWith('/') ? path : `${folder}/${path}`];
    return [];
  });
}

/** `folder`: what nginx's relative paths begin at. undefined: the server has no certificate. */
export function tlsOf(levels: readonly (readonly Directive[])[], folder: string, losses: Losses): ListenerTls | undefined {
  const chains = pathsOf(last(levels, 'ssl_certificate'), folder, losses);
  const keys = pathsOf(last(levels, 'ssl_certificate_key'), folder, losses);
  const certificates = chains.flatMap((chain, index): readonly CertificateFiles[] => {
    const key = keys[index];
    return key === undefined ? [] : [{ chain, key }];
  });
  if (certificates.length === 0) return undefined;
  const [protocols] = last(levels, 'ssl_protocols');
  const old = protocols?.args.filter((one) => !['TLSv1.2', 'TLSv1.3'].includes(one)) ?? [];
  if (protocols !== undefined && old.length > 0) losses.add(protocols, `${old.join(' ')} is not carried`);
  const isNewest = protocols !== undefined && !protocols.args.includes('TLSv1.2') && protocols.args.includes('TLSv1.3');
  const [http2] = last(levels, 'http2');
  return { certificates, minVersion: isNewest ? 'TLSv1.3' : 'TLSv1.2', http2: http2?.args[0] === 'on' };
}

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
