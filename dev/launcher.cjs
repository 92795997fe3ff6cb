// Built as dist/weir.cjs: starts a program beside it, weir.js with all commands, weir-ipvsadm.js and weir-daemon.js with those of ipvsadm and of the
// daemon alone, or weir-api.js, from the form that V8 compiled it to when it was built. Reading and compiling megabytes of JavaScript would take most
// of the time of every start. A compiled form that is missing, of another build or of another node only costs that time again.
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

/**
 * A daemon takes these signals before anything else is loaded: without a listener SIGUSR1 makes Node open its debugger, and the others end the
 * process. What came is handled by the program (src/sys/processes/early-signals.ts).
 */
const EARLY = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'];
const [, , program, command] = process.argv;
const isDaemon = program === 'keepalived' || (program === 'weir' && (command === 'run' || command === 'keepalived'));
if (isDaemon) {
  const came = new Set();
  const keep = (signal) => void came.add(signal);
  for (const signal of EARLY) process.on(signal, keep);
  globalThis.weirEarlySignals = { came, stop: () => EARLY.forEach((signal) => process.off(signal, keep)) };
}

/** What arrays of Node 18 lack: methods that change a copy. */
const COPYING = {
  toSorted: (copy, args) => void copy.sort(...args),
  toReversed: (copy) => void copy.reverse(),
  toSpliced: (copy, args) => void copy.splice(...args),
  with: (copy, [index, value]) => {
    const at = Math.trunc(index) || 0;
    if (at >= copy.length || at < -copy.length) throw new RangeError(`Invalid index : ${index}`);
    copy[at < 0 ? at + copy.length : at] = value;
  },
};
for (const prototype of [Array.prototype, Object.getPrototypeOf(Uint8Array.prototype)]) {
  for (const [method, change] of Object.entries(COPYING)) {
    if (method in prototype || (method === 'toSpliced' && prototype !== Array.prototype)) continue;
    const value = function (...args) {
      const copy = this.slice();
      change(copy, args);
      return copy;
    };
    Object.defineProperty(prototype, method, { value, configurable: true, writable: true });
  }
}

const isApi = isDaemon ? process.env.WEIR_CHILD === 'api' : program === 'weir' && command === 'api' && process.argv[4] === 'serve';
const isIpvsadm = ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'].includes(program === 'weir' ? command : program);
const name = isApi ? 'weir-api' : isDaemon ? 'weir-daemon' : isIpvsadm ? 'weir-ipvsadm' : 'weir';
const filename = `${__dirname}/${name}.js`;
/** Each kind of process runs other code, some with other V8 flags, so each has its own compiled form. */
const { WEIR_CHILD: role = 'main', WEIR_MAKE_COMPILED: making } = process.env;
const compiledFile = `${__dirname}/${name}.${role.replace(/[^a-z]/g, '')}.compiled`;
/** Both files begin with the program's own number; the program's stands in a comment. */
const ID_LENGTH = 64;

const source = readFileSync(filename, 'latin1');
const id = source.slice(2, 2 + ID_LENGTH);

function compiledForm() {
  try {
    const bytes = readFileSync(compiledFile);
    return bytes.latin1Slice(0, ID_LENGTH) === id ? bytes.subarray(ID_LENGTH) : undefined;
  } catch {
    return undefined;
  }
}

const script = new Script(source, { filename, cachedData: making === undefined ? compiledForm() : undefined });

if (making !== undefined) {
  process.on('exit', () => {
    writeFileSync(`${compiledFile}.${process.pid}`, Buffer.concat([Buffer.from(id, 'latin1'), script.createCachedData()]));
    renameSync(`${compiledFile}.${process.pid}`, compiledFile);
  });
}

script.runInThisContext()(require, pathToFileURL(__filename).href, { exports: {} });
