// Builds everything that weir runs from: the addon, the BPF objects, the compiled tests, the programs and the dashboard.
// Usage: node dev/build.mjs [native] [bpf] [types] [bundle] [web] [--force] [--quiet]      (no names: all of them)
// A step whose inputs did not change since its last success is skipped; the others run side by side. One build at a time.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { takeLock } from './build-lock.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const stamps = join(dist, '.stamps');
const multiarch = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch] ?? `${process.arch}-linux-gnu`;

/** All files under the given roots that `wanted` accepts, sorted, relative to the project. */
const filesUnder = (paths, wanted = () => true) => {
  const found = [];
  const walk = (path) => {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status?.isDirectory()) for (const name of readdirSync(path)) walk(join(path, name));
    else if (status && wanted(path)) found.push(relative(root, path));
  };
  for (const path of paths) walk(join(root, path));
  return found.sort();
};

/** One string that changes when a file is added, removed or written, or when the toolchain changes. */
const fingerprint = (files) => {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\n`);
  for (const file of files) {
    const { mtimeNs, size } = statSync(join(root, file), { bigint: true });
    hash.update(`${file} ${mtimeNs} ${size}\n`);
  }
  return hash.digest('hex');
};

/** Runs a command in the project's root; rejects with its output when it fails. */
const run = (command, args) =>
  new Promise((done, fail) => {
    const env = { ...process.env, NODE: process.execPath, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` };
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk) => {
        said += chunk;
      });
    child.on('error', (error) =>
      fail(new Error(error.code === 'ENOENT' ? `${command} is not installed: run ./weir build` : String(error))),
    );
    child.on('close', (code, signal) => (code === 0 ? done(said) : fail(new Error(said.trim() || `${command}: ${signal ?? code}`))));
  });

/** The addon: native/build.sh writes dist/weir.node. */
const buildNative = async () => {
  await run('sh', ['native/build.sh']);
  if (!existsSync(join(dist, 'weir.node'))) throw new Error('native/build.sh left no dist/weir.node');
};

/** One object for the kernel, without debug sections but with BTF, which libbpf needs. */
const buildObject = async (source, out) => {
  await run('clang', ['@bpf/compile_flags.txt', `-I/usr/include/${multiarch}`, '-c', source, '-o', out]);
  await run('llvm-strip', ['-g', out]);
};

const SOCKET_FILTERS = ['vrrp', 'heartbeat', 'claim', 'bfd'];
const SIDE_BUILDS = ['ipv6', 'wide', 'sctp', 'wide6', 'sctp6', 'wide-sctp', 'wide-sctp6'];
const DIRECTOR = [
  'bridge',
  'takeover',
  'fib',
  'release',
  'xdp-ipv6',
  'tunnel',
  'tunnel6',
  'fullnat',
  'fullnat6',
  'fullnat-sctp',
  'fullnat-sctp6',
  'switch',
  'bridge-switch',
  'switch6',
  'bridge-switch6',
  ...SIDE_BUILDS,
  ...SIDE_BUILDS.map((name) => `bridge-${name}`),
  'apply',
  ...SIDE_BUILDS.map((name) => `apply-${name}`),
  'apply-fullnat',
  'apply-fullnat6',
];
const COMPILERS = 2;
/** Steps that are named when they begin. */
const SLOW = ['bpf'];

/**
 * All objects are compiled beside their place and then renamed together: a build that is killed or fails leaves those of before. The datapath's
 * own object comes last: it marks the step as done.
 */
const buildBpf = async () => {
  const sources = [...SOCKET_FILTERS.map((name) => `filters/${name}`), ...DIRECTOR.map((name) => `director/${name}`)];
  const objects = [...sources.map((source) => [source, `weir-${source.split('/')[1]}.bpf.o`]), ['director/weir', 'weir.bpf.o']];
  const beside = join(dist, '.bpf');
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside);
  const left = objects.values();
  const compile = async () => {
    for (const [source, name] of left) await buildObject(`bpf/${source}.bpf.c`, join(beside, name));
  };
  await Promise.all(Array.from({ length: COMPILERS }, compile));
  for (const [, name] of objects) renameSync(join(beside, name), join(dist, name));
  rmSync(beside, { recursive: true });
};

/** Compiled tests must not outlive their source. */
const dropOrphans = () => {
  for (const file of filesUnder(['build'], (path) => /\.js(\.map)?$/.test(path))) {
    const source = file.replace(/^build\//, '').replace(/\.js(\.map)?$/, '.ts');
    if (!existsSync(join(root, source))) rmSync(join(root, file));
  }
};

const buildTypes = async () => {
  dropOrphans();
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '--pretty', 'false']);
};

/** A CommonJS module in place of one of Node's: it loads that one when a name of it is first used. */
const exportsOnDemand = (name, exported) => `let builtin;
for (const key of ${JSON.stringify(exported)})
  Object.defineProperty(exports, key, { enumerable: true, get: () => (builtin ??= requireBuiltin(${JSON.stringify(name)}))[key] });`;

/**
 * Node's own modules are loaded when they are first used: loading all that are imported would take a sixth of ipvsadm's time at every start,
 * and a checker that speaks no TLS would hold what does.
 */
const builtinsOnDemand = {
  name: 'builtins-on-demand',
  setup(build) {
    // Packages of CommonJS name them without `node:`.
    build.onResolve({ filter: /^[a-z]/ }, ({ path }) =>
      isBuiltin(path) ? { path: `builtin ${path.startsWith('node:') ? path : `node:${path}`}`, namespace: 'builtin' } : undefined,
    );
    build.onLoad({ filter: /^builtin /, namespace: 'builtin' }, async ({ path }) => {
      const name = path.slice('builtin '.length);
      const exported = Object.keys(await import(name)).filter((one) => one !== 'default');
      return { contents: exportsOnDemand(name, exported), loader: 'js' };
    });
  },
};

/** Only the API's own program has its text, and that of the packages it is made of. */
const withoutApi = {
  name: 'without-api',
  setup(build) {
    build.onLoad({ filter: /\/src\/daemon\/api\/(?:part|alone)\.ts$/ }, () => ({ contents: 'export {};', loader: 'ts' }));
  },
};

/**
 * A program as one CommonJS function, with its source map. ASCII only, and without white space that only people need: each process keeps the
 * text, a byte for each character. All names stay, for stack traces.
 */
const bundleProgram = async (name, entry, withApi) => {
  const esbuild = await import(pathToFileURL(join(root, 'node_modules/esbuild/lib/main.js')).href);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join(dist, `${name}.js`),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node18',
    charset: 'ascii',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    minifyWhitespace: true,
    lineLimit: 160,
    plugins: withApi ? [builtinsOnDemand] : [builtinsOnDemand, withoutApi],
    banner: { js: '(function (requireBuiltin, bundleUrl, module) {' },
    footer: { js: '})' },
    define: { WEIR_VERSION: JSON.stringify(version), 'import.meta.url': 'bundleUrl' },
    write: false,
    logLevel: 'silent',
  });
  return Object.fromEntries(result.outputFiles.map(({ path, text }) => [path.endsWith('.map') ? 'map' : 'program', text]));
};

const put = (name, text) => {
  const beside = join(dist, `.${name}.${process.pid}`);
  writeFileSync(beside, text);
  renameSync(beside, join(dist, name));
};

/**
 * By name: the entry, and the words by which the launcher starts it once. Each start of ipvsadm would read the text of all commands else, and the
 * daemon's processes would hold it.
 */
const PROGRAMS = {
  weir: ['src/cli/programs/weir.ts', []],
  'weir-ipvsadm': ['src/cli/programs/ipvsadm.ts', ['ipvsadm']],
  'weir-api': ['src/cli/programs/api.ts', ['weir', 'api', 'serve']],
  // It is run for each kind of process, of which one has the program before.
  'weir-daemon': ['src/cli/programs/daemon.ts', ['keepalived']],
};

/** A program with its number in front, and its compiled form; a program that cannot be run once has none. */
const buildProgram = async (name, { program, map }, words) => {
  const id = createHash('sha256').update(program).digest('hex');
  put(`${name}.js`, `//${id}\n${program}`);
  put(`${name}.js.map`, JSON.stringify({ ...JSON.parse(map), mappings: `;${JSON.parse(map).mappings}` }));
  const env = { ...process.env, WEIR_MAKE_COMPILED: '1' };
  delete env.WEIR_CHILD;
  await new Promise((done) => {
    const once = spawn(process.execPath, [join(dist, 'weir.cjs'), ...words], { stdio: 'ignore', env });
    for (const event of ['error', 'exit']) once.on(event, done);
  });
  if (!existsSync(join(dist, `${name}.main.compiled`)))
    process.stderr.write(`build: ${name}.js left no compiled form, every start of it will be slower\n`);
};

/** The launcher and the programs, or none of them where one cannot be bundled. */
const buildBundle = async () => {
  const programs = Object.entries(PROGRAMS);
  const bundles = await Promise.all(programs.map(([name, [entry]]) => bundleProgram(name, entry, name === 'weir-api')));
  for (const name of readdirSync(dist)) if (name.endsWith('.compiled')) rmSync(join(dist, name), { force: true });
  put('weir.cjs', readFileSync(join(root, 'dev/launcher.cjs')));
  for (const [index, [name, [, words]]] of programs.entries()) await buildProgram(name, bundles[index], words);
};

/** The dashboard's script and its style sheet, for browsers: preact and uplot in it, nothing asked of another host. */
const buildWeb = async () => {
  const esbuild = await import(pathToFileURL(join(root, 'node_modules/esbuild/lib/main.js')).href);
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['web/main.tsx', 'web/style.css'].map((part) => ({ in: part, out: 'weir-dashboard' })),
    outdir: dist,
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: ['chrome109', 'firefox115', 'safari16'],
    charset: 'ascii',
    minify: true,
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'silent',
  });
};

const source = (path) => path.endsWith('.ts') && !path.endsWith('.test.ts');
const steps = {
  native: { inputs: () => filesUnder(['native'], (path) => /\.(c|h|sh)$/.test(path)), output: 'weir.node', build: buildNative },
  bpf: {
    inputs: () => filesUnder(['bpf', 'dev/build.mjs'], (path) => /\.(c|h|txt|mjs)$/.test(path)),
    output: 'weir.bpf.o',
    build: buildBpf,
  },
  types: {
    inputs: () =>
      filesUnder(['src', 'test', 'bench', 'dev', 'web', 'tsconfig.json', 'package-lock.json'], (path) => /\.(ts|json)$/.test(path)),
    output: '../build',
    build: buildTypes,
  },
  bundle: {
    inputs: () => filesUnder(['src', 'package.json', 'dev/build.mjs', 'dev/launcher.cjs'], (p) => source(p) || /\.(json|[cm]js)$/.test(p)),
    output: 'weir.cjs',
    build: buildBundle,
  },
  web: {
    inputs: () => filesUnder(['web', 'package-lock.json', 'dev/build.mjs'], (path) => !path.endsWith('.test.ts')),
    output: 'weir-dashboard.js',
    build: buildWeb,
  },
};

/** Runs one step if it is needed, and has `print` say so when it begins and ends. Throws the output of the tools. */
const runStep = async (name, force, print) => {
  const { inputs, output, build } = steps[name];
  const stamp = join(stamps, name);
  const now = fingerprint(inputs());
  const upToDate = existsSync(join(dist, output)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now;
  if (upToDate && !force) return;
  rmSync(stamp, { force: true });
  const started = Date.now();
  if (SLOW.includes(name)) print(`build ${name}, which takes minutes\n`);
  await build();
  writeFileSync(stamp, now);
  print(`built ${name.padEnd(7)} ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
};

/** bin/ reads from here which node to run, so that no start has to query its version. */
const recordNode = () => {
  const file = join(dist, 'node');
  if (existsSync(file) && readFileSync(file, 'utf8') === `${process.execPath}\n`) return;
  writeFileSync(`${file}.${process.pid}`, `${process.execPath}\n`);
  chmodSync(`${file}.${process.pid}`, 0o644);
  renameSync(`${file}.${process.pid}`, file);
};

const main = async (args) => {
  const names = args.filter((arg) => !arg.startsWith('--'));
  const unknown = names.find((name) => !(name in steps));
  if (unknown !== undefined) throw new Error(`build: no such step: ${unknown} (there are: ${Object.keys(steps).join(' ')})`);
  mkdirSync(stamps, { recursive: true });
  const release = await takeLock(join(dist, '.lock'));
  try {
    recordNode();
    const chosen = names.length > 0 ? names : Object.keys(steps);
    const print = args.includes('--quiet') ? () => {} : (text) => process.stderr.write(text);
    const results = await Promise.allSettled(chosen.map((name) => runStep(name, args.includes('--force'), print)));
    results.forEach((result, index) => {
      if (result.status === 'rejected') process.stderr.write(`build: ${chosen[index]} failed\n${result.reason.message}\n`);
    });
    return results.every((result) => result.status === 'fulfilled') ? 0 : 1;
  } finally {
    release();
  }
};

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
