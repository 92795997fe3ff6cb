// Loaded first by NODE_OPTIONS=--require: this Node without what Node 18 lacks, which Debian 12 has. dist/weir.cjs gives the methods of arrays back.
const typed = Object.getPrototypeOf(Uint8Array.prototype);
const LACKING = [
  [globalThis, ['crypto', 'Crypto', 'CryptoKey', 'SubtleCrypto', 'CustomEvent', 'File']],
  [Array.prototype, ['toSorted', 'toReversed', 'toSpliced', 'with']],
  [typed, ['toSorted', 'toReversed', 'with']],
  [String.prototype, ['isWellFormed', 'toWellFormed']],
  [URL, ['parse']],
  [ReadableStream, ['from']],
  [require('node:crypto'), ['hash']],
  [require('node:fs'), ['openAsBlob']],
  [require('node:path'), ['matchesGlob']],
];
for (const [owner, names] of LACKING) for (const name of names) delete owner[name];
