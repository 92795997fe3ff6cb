// What nginx-tests run as nginx: it reads the nginx.conf that a test wrote, runs weir proxy with the servers that pass requests on, as weir import
// nginx carries them, and nginx with those behind them.
//   shim -V                              a version and its modules, by which tests choose what they expect
//   shim -p FOLDER/ -c nginx.conf …      until SIGQUIT or SIGTERM; HUP: the file is read again
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lossText } from '../../../src/config/nginx/losses.js';
import { importNginx } from '../../../src/config/nginx/to-model.js';
import { root } from '../../support/project.js';
import { splitConfiguration } from './split.js';

/** The command that runs this file. */
export const shimCommand = (): readonly [string, string] => [process.execPath, fileURLToPath(import.meta.url)];

const VERSION = `nginx version: nginx/1.31.5
built with OpenSSL 3.0.0 7 sep 2021
TLS SNI support enabled
configure arguments: --with-http_realip_module --with-http_v2_module --with-http_addition_module --with-http_sub_module
`;
const PARENT_MS = 500;

class Shim {
  readonly #pidFile: string;
  readonly #serversPidFile: string;
  #nginx: ChildProcess | undefined;
  #weir: ChildProcess | undefined;
  #stderr = '';

  constructor(readonly folder: string) {
    this.#pidFile = join(folder, 'nginx.pid');
    this.#serversPidFile = join(folder, 'servers.pid');
  }

  /** Which of the two there are. */
  #write(): { readonly hasWeir: boolean; readonly hasNginx: boolean } {
    const { weir, nginx } = splitConfiguration(readFileSync(join(this.folder, 'nginx.conf'), 'utf8'), this.#serversPidFile);
    if (weir !== undefined) {
      const { text, losses } = importNginx({ file: 'nginx.conf', text: weir }, () => undefined, this.folder);
      writeFileSync(join(this.folder, 'weir.yaml'), text);
      writeFileSync(join(this.folder, 'losses'), losses.map((one) => `${lossText(one)}\n`).join(''));
    }
    if (nginx !== undefined) writeFileSync(join(this.folder, 'servers.conf'), nginx);
    return { hasWeir: weir !== undefined, hasNginx: nginx !== undefined };
  }

  async #until(done: () => boolean, child: ChildProcess | undefined): Promise<void> {
    while (!done()) {
      if (child?.exitCode !== null) throw new Error(`${child?.spawnargs.join(' ')} ended: ${this.#stderr}`);
      await delay(20);
    }
  }

  async start(): Promise<void> {
    const { hasWeir, hasNginx } = this.#write();
    if (hasNginx) {
      const words = ['-p', this.folder, '-c', join(this.folder, 'servers.conf'), '-e', join(this.folder, 'error.log')];
      this.#nginx = spawn('nginx', words, { stdio: ['ignore', 'ignore', 'inherit'] });
    }
    if (hasWeir) {
      const words = ['proxy', '--workers', '1', '--drain', '10', '--config', join(this.folder, 'weir.yaml')];
      this.#weir = spawn(process.execPath, [join(root, 'dist/weir.cjs'), ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
      this.#weir.stderr?.on('data', (piece) => {
        this.#stderr += String(piece);
        appendFileSync(join(this.folder, 'weir.log'), piece);
      });
      await this.#until(() => /with 1 process/.test(this.#stderr), this.#weir);
    }
    if (hasNginx) await this.#until(() => existsSync(this.#serversPidFile), this.#nginx);
    appendFileSync(join(this.folder, 'error.log'), '');
    writeFileSync(this.#pidFile, `${process.pid}\n`);
  }

  reload(): void {
    this.#write();
    this.#nginx?.kill('SIGHUP');
    this.#weir?.kill('SIGHUP');
  }

  async stop(): Promise<void> {
    const children = [this.#nginx, this.#weir].flatMap((child) => (child?.exitCode === null && child.signalCode === null ? [child] : []));
    await Promise.all(
      children.map((child) => {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        return ended;
      }),
    );
    rmSync(this.#pidFile, { force: true });
  }
}

async function main(words: readonly string[]): Promise<void> {
  if (words.includes('-V')) {
    process.stderr.write(VERSION);
    return;
  }
  const shim = new Shim(words[words.indexOf('-p') + 1] ?? '');
  const parent = process.ppid;
  const end = (status: number): void => void shim.stop().then(() => process.exit(status));
  for (const signal of ['SIGQUIT', 'SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(0));
  process.on('SIGHUP', () => shim.reload());
  setInterval(() => process.ppid === parent || end(1), PARENT_MS);
  await shim.start().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    end(1);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
