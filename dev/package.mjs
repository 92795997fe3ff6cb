// Makes Debian packages of what is built: node dev/package.mjs [--revision N] [--out DIR]     (`npm run package` builds first)
// weir: the program, its objects, the commands weir and ipvsadm*; weir-keepalived: keepalived and genhash. Needs dpkg-deb.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { packages } from './package-table.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
/** The line of weir install, which a package's files need not have. */
const MARK = /^(?:#|\.\\") Installed by weir install [^\n]*\n/m;

const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((path) => join(folder, path))
    .filter((path) => !lstatSync(path).isDirectory())
    .sort();

/** All files of a package below one folder, before they become an archive. */
class Stage {
  #folder;

  constructor(folder) {
    this.#folder = folder;
  }

  text(path, text, mode = 0o644) {
    const at = join(this.#folder, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, text);
    chmodSync(at, mode);
  }

  link(path, target) {
    const at = join(this.#folder, path);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(target, at);
  }

  folder(path) {
    mkdirSync(join(this.#folder, path), { recursive: true });
  }

  file(path, source) {
    this.text(path, readFileSync(source), lstatSync(source).mode & 0o111 ? 0o755 : 0o644);
  }

  /** The archive, after all else. */
  build(out, control, scripts) {
    const files = filesUnder(this.#folder);
    const plain = files.filter((path) => lstatSync(path).isFile());
    const bytes = plain.reduce((sum, path) => sum + lstatSync(path).size, 0);
    const fields = { ...control, 'Installed-Size': Math.ceil(bytes / 1024), Description: control.Description };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
    const digest = (path) => createHash('md5').update(readFileSync(path)).digest('hex');
    const sums = plain.map((path) => `${digest(path)}  ${relative(this.#folder, path)}\n`);
    this.text('DEBIAN/control', lines.join(''));
    this.text('DEBIAN/md5sums', sums.join(''));
    for (const [name, text] of Object.entries(scripts)) this.text(`DEBIAN/${name}`, text, name === 'triggers' ? 0o644 : 0o755);
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', this.#folder, out], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

/** The newest version of a library's symbols that the built files ask for: `GLIBC_2.34` → 2.34. */
function newestSymbol(prefix) {
  const pattern = new RegExp(`\\b${prefix}_(\\d+(?:\\.\\d+)+)`, 'g');
  const found = ['weir.node', 'weir-regex.node', 'weir-signals.so'].flatMap((name) =>
    [...readFileSync(join(root, 'dist', name), 'latin1').matchAll(pattern)].map((match) => match[1].split('.').map(Number)),
  );
  const [newest] = found.sort((a, b) => b[0] - a[0] || b[1] - a[1] || (b[2] ?? 0) - (a[2] ?? 0));
  if (newest === undefined) throw new Error(`no symbol of ${prefix} in the addon: is it built?`);
  return newest.join('.');
}

/** Manual and completion, and drop-ins of other packages' units, by their paths, as `weir install` of the built program puts them into a system. */
function madeTexts(folder) {
  for (const name of ['usr/share/man', 'usr/share/bash-completion', 'usr/share/zsh', 'etc/systemd'])
    mkdirSync(join(folder, name), { recursive: true });
  execFileSync(join(root, 'bin/weir'), ['install', '--keepalived', '--root', folder], { stdio: ['ignore', 'ignore', 'ignore'] });
  const below = (path) => {
    const top = join(folder, path);
    return new Map(filesUnder(top).map((file) => [relative(top, file), readFileSync(file, 'utf8').replace(MARK, '')]));
  };
  return { share: below('usr/local/share'), dropIns: [...below('etc/systemd/system')].filter(([path]) => path.endsWith('.conf')) };
}

const read = (path) => readFileSync(join(root, path), 'utf8');
/** Paths as the package has them. */
const inPlace = (text) =>
  text
    .replaceAll('/usr/local/sbin/', '/usr/sbin/')
    .replaceAll('commands=/usr/local/sbin', 'commands=/usr/sbin')
    .replaceAll('/usr/local/lib/weir/', '/usr/lib/weir/share/systemd/');

function makeTools(stage, texts) {
  return {
    stage,
    root,
    read,
    inPlace,
    /** Of the manual and the completions those that a package has; pages are compressed, as Debian has them. */
    dropIns: texts.dropIns,
    share: (wanted) => {
      for (const [path, text] of texts.share) {
        if (!wanted(path)) continue;
        const place = path.replace('zsh/site-functions', 'zsh/vendor-completions');
        if (path.startsWith('man/')) stage.text(`usr/share/${place}.gz`, gzipSync(text, { level: 9 }));
        else stage.text(`usr/share/${place}`, text);
      }
    },
    gzip: (path, text) => stage.text(`${path}.gz`, gzipSync(text, { level: 9 })),
  };
}

function main(args) {
  const option = (name, standard) => (args.includes(name) ? args[args.indexOf(name) + 1] : standard);
  const revision = option('--revision', '1');
  if (!/^[0-9][0-9A-Za-z.+~]*$/.test(revision))
    throw new Error(`package: --revision is a number, perhaps with letters behind it, not ${revision}`);
  const out = resolve(option('--out', join(root, 'dist')));
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) throw new Error(`package: no Debian architecture for ${process.arch}`);
  if (!existsSync(join(root, 'dist/weir.cjs'))) throw new Error('package: nothing is built: run ./weir build');
  const version = `${JSON.parse(read('package.json')).version}-${revision}`;
  const folder = mkdtempSync(join(tmpdir(), 'weir-package-'));
  process.env.SOURCE_DATE_EPOCH ??= String(Math.floor(lstatSync(join(root, 'dist/weir.js')).mtimeMs / 1000));
  try {
    const texts = madeTexts(join(folder, 'made'));
    mkdirSync(out, { recursive: true });
    for (const { name, control, scripts, fill } of packages({ glibc: newestSymbol('GLIBC'), libbpf: newestSymbol('LIBBPF'), version })) {
      const stage = new Stage(join(folder, name));
      fill(makeTools(stage, texts));
      const file = join(out, `${name}_${version}_${architecture}.deb`);
      process.stderr.write(`package ${name}, which is compressed\n`);
      const made = join(folder, `${name}.deb`);
      stage.build(made, { Package: name, Version: version, Architecture: architecture, ...control }, scripts);
      // Renamed into its place, so that it is there whole or not at all.
      const beside = `${file}.${process.pid}`;
      copyFileSync(made, beside);
      renameSync(beside, file);
      process.stdout.write(`${relative(process.cwd(), file)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.code === 'ENOENT' && error.path === 'dpkg-deb' ? 'package: dpkg-deb is not installed' : error.message}\n`);
  process.exitCode = 1;
}
