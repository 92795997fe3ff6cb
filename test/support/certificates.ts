// Certificates for tests, made by openssl: an authority of its own, and what it signs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DAY_MS = 86_400_000;
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });

/** As openssl takes it: 20261121073000Z. */
const opensslTime = (ms: number): string => `${new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')}`;

/** A certificate and its key, by path. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateWish {
  /** `DNS:www.example.org,IP:127.0.0.1` */
  readonly names?: string;
  /** Days from now; 365 after the begin, which is two days ago. */
  readonly fromDays?: number;
  readonly toDays?: number;
  /** serverAuth unless it is stated. */
  readonly purpose?: string;
  readonly authority?: boolean;
}

export class Authority implements CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  readonly #config: string;

  /** Signs itself, unless it has files already. `folder`: is made for it. */
  constructor(
    readonly folder: string,
    name: string,
    files?: CertificateFiles,
  ) {
    mkdirSync(folder);
    [this.certificate, this.key, this.#config] = [join(folder, 'ca.pem'), join(folder, 'ca.key'), join(folder, 'ca.cnf')];
    if (files === undefined) {
      openssl('req', '-x509', ...NEW_KEY, '-subj', `/CN=${name}`, '-days', '30', '-keyout', this.key, '-out', this.certificate);
    } else {
      writeFileSync(this.certificate, readFileSync(files.certificate));
      writeFileSync(this.key, readFileSync(files.key));
    }
    writeFileSync(join(folder, 'index'), '');
    const lines = {
      new_certs_dir: folder,
      database: join(folder, 'index'),
      certificate: this.certificate,
      private_key: this.key,
      rand_serial: 'yes',
      default_md: 'sha256',
      unique_subject: 'no',
      policy: 'any',
    };
    const text = Object.entries(lines).map(([keyword, value]) => `${keyword} = ${value}\n`);
    writeFileSync(this.#config, `[ca]\ndefault_ca = own\n[own]\n${text.join('')}[any]\ncommonName = optional\n`);
  }

  sign(
    name: string,
    { names, fromDays = -2, toDays = 363, purpose = 'serverAuth', authority = false }: CertificateWish = {},
  ): CertificateFiles {
    const [certificate, key, request, extensions] = ['pem', 'key', 'csr', 'ext'].map((end) => join(this.folder, `${name}.${end}`)) as [
      string,
      string,
      string,
      string,
    ];
    openssl('req', '-new', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', key, '-out', request);
    const lines = [
      `basicConstraints = critical,CA:${authority ? 'TRUE' : 'FALSE'}`,
      ...(authority ? [] : [`extendedKeyUsage = ${purpose}`]),
      ...(names === undefined ? [] : [`subjectAltName = ${names}`]),
    ];
    writeFileSync(extensions, lines.map((line) => `${line}\n`).join(''));
    const now = Date.now();
    const times = ['-startdate', opensslTime(now + fromDays * DAY_MS), '-enddate', opensslTime(now + toDays * DAY_MS)];
    openssl('ca', '-batch', '-notext', '-config', this.#config, '-extfile', extensions, '-in', request, '-out', certificate, ...times);
    return { certificate, key };
  }
}
