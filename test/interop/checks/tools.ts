// What is made for a run: the library that stands in for IPVS before Debian's keepalived, the program that puts times before lines, and a
// certificate.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../src/lab/state/paths.js';

export interface Tools {
  readonly ipvs: string;
  readonly stamp: string;
  /** Of servers that speak TLS, in PEM. */
  readonly certificate: Certificate;
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

function compile(folder: string, name: string, result: string, ...options: readonly string[]): string {
  const path = join(folder, result);
  const source = join(projectRoot(), 'test', 'interop', 'checks', `${name}.c`);
  const { status, stderr } = spawnSync('cc', ['-O1', '-Wall', '-Werror', ...options, '-o', path, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc: ${stderr}`);
  return path;
}

function makeCertificate(folder: string): Certificate {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=server', '-days', '1'];
  const { status, stderr } = spawnSync('openssl', ['req', '-x509', ...made], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

export function makeTools(folder: string): Tools {
  return {
    ipvs: compile(folder, 'ipvs', 'ipvs.so', '-shared', '-fPIC'),
    stamp: compile(folder, 'stamp', 'stamp'),
    certificate: makeCertificate(folder),
  };
}
