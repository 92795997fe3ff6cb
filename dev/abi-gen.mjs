// Writes the TypeScript of every record that a BPF program and user space share, as the compiler laid it out: from the objects' BTF.
// Usage: node dev/abi-gen.mjs [--check]      (needs the objects in dist/ and bpftool; --check: compare, write nothing)
//        node dev/abi-gen.mjs --layouts HEADER OBJECT      prints the numbers of the maps' layouts, as JSON, of another abi.h and object, and of
//                                                          the objects of the other builds that are beside it
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FILES } from './abi-files.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/**
 * Members that took the place of padding, or of what was reserved or in no use, where 0 means what every build without them does: they are no part of a
 * map's number, so that such a build's tables can be used.
 */
const ADDED = new Set([
  'conf.fullest',
  'conf.source_rules',
  'conf.source_rules6',
  'conf.grace_until',
  'conf.grace_seconds',
  'conf.hold_until',
  'counters.reply_not_from',
  'egress.source',
  'fullnat_pool.epoch',
  'wide_tuple.control',
  'wide6_rest.control',
]);

/** What of a map's definition is a part of its number: how many entries it has is not. */
const DEFINED = ['type', 'key', 'key_size', 'value', 'value_size', 'values', 'map_flags'];

const UNSHARED_LINE = /^\/\* -+ not shared between builds/m;
const SECTION_LINE = /^(?=\/\* ---- )/m;

/** A name in a record of the pin (table/layout.ts). */
const PINNED_NAME_BYTES = 16;

/** The formatter's. */
const LINE_MAX = 140;

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const pascal = (name) => camel(`_${name}`);
const hash = (text) => [...text].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 16777619) >>> 0, 2166136261);

/** A constant as the formatter writes it: on one line where it fits. */
function literal(name, open, members, close) {
  const inline = `export const ${name} = ${open}${members.join(', ')}${close} as const;`;
  if (inline.length <= LINE_MAX) return [inline];
  return [`export const ${name} = ${open.trim()}`, ...members.map((member) => `  ${member},`), `${close.trim()} as const;`];
}

/** The types of one object, by kind and name. */
function typesOf(object) {
  const dump = execFileSync('bpftool', ['btf', 'dump', 'file', resolve(root, 'dist', object), '-j'], { maxBuffer: 64 << 20 });
  const { types } = JSON.parse(dump.toString());
  const byId = new Map(types.map((type) => [type.id, type]));
  const resolved = (id) => {
    const type = byId.get(id);
    return type && ['TYPEDEF', 'CONST', 'VOLATILE'].includes(type.kind) ? resolved(type.type_id) : type;
  };
  /** With those of members that have no name in their places. */
  const membersOf = ({ members }) =>
    members.flatMap((member) =>
      member.name !== '(anon)'
        ? [member]
        : membersOf(resolved(member.type_id)).map((each) => ({ ...each, bits_offset: each.bits_offset + member.bits_offset })),
    );
  /** Bytes of one element, and how many there are. */
  const shape = (id) => {
    const type = resolved(id);
    if (type?.kind !== 'ARRAY') return { size: type?.size ?? 0, count: 1 };
    const inner = shape(type.type_id);
    return { size: inner.size, count: inner.count * type.nr_elems };
  };
  /** The places of all that a record holds, by name, and `seen`: the names of all its records. */
  const places = (id, seen) => {
    const type = resolved(id);
    if (type?.kind === 'ARRAY') return [type.nr_elems, places(type.type_id, seen)];
    if (type?.kind !== 'STRUCT' && type?.kind !== 'UNION') return type?.size ?? 0;
    seen.add(type.name);
    const members = membersOf(type).filter(({ name }) => !name.startsWith('reserved') && !ADDED.has(`${type.name}.${name}`));
    return [type.size, ...members.map(({ name, bits_offset, type_id }) => [name, bits_offset, places(type_id, seen)])];
  };
  /** Of a map's definition, each member is a pointer: to its records, or to an array whose length is a number; `values`: an array of pointers to one. */
  const definition = (id, seen) =>
    resolved(id)
      .members.filter(({ name }) => DEFINED.includes(name))
      .map(({ name, type_id }) => [
        name,
        name === 'values' ? definition(byId.get(resolved(type_id).type_id).type_id, seen) : places(resolved(type_id).type_id, seen),
      ]);
  const section = types.find((type) => type.kind === 'DATASEC' && type.name === '.maps');
  const maps = section.vars.map((variable) => {
    const { name, type_id } = byId.get(variable.type_id);
    const seen = new Set();
    return { name, places: definition(type_id, seen), records: seen };
  });
  const placesOf = (name) => places(types.find((type) => type.kind === 'STRUCT' && type.name === name)?.id, new Set());
  return {
    find: (kind, name) => types.find((type) => type.kind === kind && type.name === name),
    membersOf,
    shape,
    placesOf,
    maps: maps.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function find(objects, kind, name) {
  for (const object of objects) {
    const type = object.find(kind, name);
    if (type) return { object, type };
  }
  throw new Error(`no ${kind.toLowerCase()} ${name} in the objects' BTF`);
}

/** `#define NAME number`, also by arithmetic on numbers and on names before it. */
function constantsOf(header) {
  const found = new Map();
  for (const [, name, text] of header.matchAll(/^#define (\w+) ([^/\n]+)/gm)) {
    const value = text.trim().replace(/\b([A-Z]\w+)\b/g, (word) => `${found.get(word) ?? word}`);
    if (!/^[\dxa-fA-FuUlL()<>|+*\- ]+$/.test(value)) continue;
    found.set(name, BigInt.asUintN(64, new Function(`return ${value.replace(/\b(0x[\da-f]+|\d+)[uUlL]*\b/gi, '$1n')}`)()));
  }
  return found;
}

/**
 * A number for each map, which decides whether two builds can share it: made of the places in its records, and of the constants and enums
 * that stand in the header's sections of these records. What belongs to no map so belongs to `conf`. Names of `appended` enums are no part.
 */
function numbersOf(object, header, { unshared, belong }, appended) {
  const end = header.search(UNSHARED_LINE);
  const sections = header.slice(0, end < 0 ? undefined : end).split(SECTION_LINE);
  const wordsOf = (text, pattern) => [...text.matchAll(pattern)].map(([, word]) => word);
  const constants = constantsOf(header);
  const partsOf = (text) => ({
    records: wordsOf(text, /^struct (\w+) \{/gm),
    constants: wordsOf(text, /^#define (\w+) /gm).filter((name) => constants.has(name)),
    enums: wordsOf(text, /^enum (\w+) \{/gm).filter((name) => !appended.includes(name)),
  });
  const parts = sections.map(partsOf);
  const all = partsOf(sections.join(''));
  const begins = (names, name) => names.some((each) => (each.endsWith('_') ? name.startsWith(each) : name === each));
  const maps = object.maps.filter(({ name }) => !unshared.includes(name));
  const own = ({ name, records }) => {
    const near = parts.filter((part) => part.records.some((record) => records.has(record)));
    const named = belong[name] ?? [];
    const of = (kind) => all[kind].filter((each) => begins(named, each) || near.some((part) => part[kind].includes(each)));
    return { records: all.records.filter((each) => begins(named, each)), constants: of('constants'), enums: of('enums') };
  };
  const owned = new Map(maps.map((map) => [map.name, own(map)]));
  const rest = (kind) => all[kind].filter((each) => ![...owned.values()].some((parts) => parts[kind].includes(each)));
  const conf = owned.get('conf');
  for (const kind of ['constants', 'enums']) conf[kind] = [...conf[kind], ...rest(kind)];
  return maps.map(({ name, places }) => {
    const { records, constants: numbers, enums } = owned.get(name);
    const valuesOf = (each) => object.find('ENUM', each).values;
    const described = [
      places,
      records.map((each) => object.placesOf(each)),
      [...numbers].sort().map((each) => [each, String(constants.get(each))]),
      [...enums].sort().map((each) => valuesOf(each).map(({ name: member, val }) => [member, val])),
    ];
    return [name, hash(JSON.stringify(described))];
  });
}

/** Enums whose members are only appended. */
const appendedOf = ({ names, layouts }) => ['reason', ...Object.keys(names), ...layouts.appended];

/** Those of one name become one. */
function together(numbers) {
  const byName = new Map();
  for (const [name, number] of numbers) byName.set(name, [...(byName.get(name) ?? []), number]);
  return [...byName].map(([name, all]) => [name, all.length === 1 ? all[0] : hash(JSON.stringify(all))]);
}

const literalOf = (value) => (value > Number.MAX_SAFE_INTEGER ? `0x${value.toString(16)}n` : `${value}`);

/** One generated file, as text. */
function generate({ header: path, objects: files, names, apart = [], only = false, numbers = 'Abi' }) {
  const header = readFileSync(join(root, path), 'utf8');
  const objects = files.map(typesOf);
  const lines = [`// Generated by dev/abi-gen.mjs: the layout of ${path}, from the objects' BTF. Not edited by hand.`, ''];
  for (const [, name] of only ? [] : header.matchAll(/^struct (\w+) \{/gm)) {
    const { object, type } = find(objects, 'STRUCT', name);
    const members = object
      .membersOf(type)
      .filter((member) => !member.name.startsWith('reserved'))
      .map(({ name: member, bits_offset, type_id }) => {
        const { size, count } = object.shape(type_id);
        return `${camel(member)}: { at: ${bits_offset / 8}, size: ${size}, count: ${count} }`;
      });
    lines.push(...literal(pascal(name), '{ ', [`bytes: ${type.size}`, ...members], ' }'), '');
  }
  for (const [, name] of header.matchAll(/^enum (?!reason )(\w+) \{/gm)) {
    if (apart.includes(name) || (only && names[name] === undefined)) continue;
    const values = find(objects, 'ENUM', name).type.values.map(({ name: member, val }) => [member, val]);
    const prefix = names[name];
    const members = values.map(([member, value]) => `${member}: ${value}`);
    if (!name.endsWith('_reason')) lines.push(...literal(pascal(name), '{ ', members, ' }'));
    if (prefix !== undefined) {
      const short = values.map(([member]) => `'${camel(member.slice(prefix.length).toLowerCase())}'`);
      lines.push('/** By number. */', ...literal(`${name.toUpperCase()}_NAMES`, '[', short, ']'));
    }
    lines.push('');
  }
  if (only) return lines.join('\n');
  const constants = constantsOf(header);
  if (constants.size > 0) {
    lines.push(`export const ${numbers} = {`);
    for (const [name, value] of constants) lines.push(`  ${name}: ${literalOf(value)},`);
    lines.push('} as const;', '');
  }
  return lines.join('\n');
}

/** The reasons, as text. */
function generateReasons({ reasons: { header } }) {
  const reasons = [...readFileSync(join(root, header), 'utf8').matchAll(/^ {2}X\(\w+, (\w+), "([^"]*)"\)/gm)];
  return [
    `// Generated by dev/abi-gen.mjs: the reasons of ${header}. Not edited by hand.`,
    '',
    '/** Why packets were dropped or passed on unbalanced: key and meaning, in the order of the counters. */',
    'export const REASONS = [',
    ...reasons.map(([, key, text]) => `  { key: '${key}', text: ${text.includes("'") ? JSON.stringify(text) : `'${text}'`} },`),
    '] as const;',
    '',
  ].join('\n');
}

/** A header with those that belong to it, whose sections come first; each is a section at least. */
const headersOf = (path, layouts) =>
  [...layouts.with.map((each) => join(root, each)), path].map((each) => readFileSync(each, 'utf8')).join('/* ---- the next header */\n');

/** The numbers of all maps of the objects in a folder, by name. `path`: of the header; where the others are not beside it, they are this project's. */
function layoutNumbers(path, folder, { objects: [main], names, layouts }) {
  const appended = appendedOf({ names, layouts });
  const header = headersOf(path, layouts);
  const textOf = (each) => {
    const beside = join(dirname(path), basename(each));
    return readFileSync(existsSync(beside) ? beside : join(root, each), 'utf8');
  };
  const numbers = (object, text, own = {}) => {
    const unshared = layouts.unshared.filter((name) => !own[name]);
    return numbersOf(typesOf(join(folder, object)), text, { ...layouts, unshared }, appended);
  };
  const own = layouts.builds
    .filter(({ object }) => existsSync(join(folder, object)))
    .flatMap(({ header: headers, object, maps }) => {
      const both = [...[headers].flat().map(textOf), header].join('/* ---- the next header */\n');
      return numbers(object, both, maps)
        .filter(([name]) => maps[name])
        .map(([name, number]) => [maps[name], number]);
    });
  const all = [...numbers(main, header), ...together(own)].sort(([a], [b]) => (a < b ? -1 : 1));
  const long = all.filter(([name]) => name.length > PINNED_NAME_BYTES).map(([name]) => name);
  if (long.length > 0) throw new Error(`the pin of the numbers has ${PINNED_NAME_BYTES} bytes for the name of a map: ${long.join(', ')}`);
  return all;
}

/** The numbers of the maps' layouts, as text. */
function generateLayouts(file) {
  const { header: path, layouts } = file;
  const { before } = layouts;
  const numbers = layoutNumbers(join(root, path), join(root, 'dist'), file);
  const ofBefore = [...constantsOf(readFileSync(join(root, before), 'utf8'))].map(([name, value]) => [name.slice('BEFORE_'.length), value]);
  const isNumber = ([name]) => name.startsWith('LAYOUT_');
  return [
    `// Generated by dev/abi-gen.mjs: the layouts of the maps of ${path}, as numbers. Not edited by hand.`,
    '',
    '/** By map: of all places, sizes and values in it, but for reasons, schedulers and methods. Equal numbers: two builds can share it. */',
    'export const LAYOUTS = {',
    ...numbers.map(([name, number]) => `  ${name}: ${number},`),
    '} as const;',
    '',
    '/** Of all of them. */',
    `export const LAYOUT = ${hash(JSON.stringify(numbers))};`,
    '',
    `/** The numbers that the build before had for its tables of connections, from ${before}: these can be taken over. */`,
    ...literal(
      'LAYOUTS_BEFORE',
      '{ ',
      ofBefore.filter(isNumber).map(([name, value]) => `${name.slice('LAYOUT_'.length).toLowerCase()}: ${literalOf(value)}`),
      ' }',
    ),
    '',
    "/** The connections' layout in them. */",
    'export const Before = {',
    ...ofBefore.filter((each) => !isNumber(each)).map(([name, value]) => `  ${name}: ${literalOf(value)},`),
    '} as const;',
    '',
  ].join('\n');
}

if (process.argv[2] === '--layouts') {
  const [header, object] = process.argv.slice(3);
  const numbers = layoutNumbers(resolve(header), dirname(resolve(object)), { ...FILES[0], objects: [basename(object)] });
  process.stdout.write(`${JSON.stringify(Object.fromEntries(numbers))}\n`);
  process.exit();
}
const texts = FILES.flatMap((file) => [
  [file, file.out, generate(file)],
  ...(file.layouts ? [[file, file.layouts.out, generateLayouts(file)]] : []),
  ...(file.reasons ? [[file.reasons, file.reasons.out, generateReasons(file)]] : []),
]);
for (const [file, path, text] of texts) {
  const out = join(root, path);
  if (!process.argv.includes('--check')) writeFileSync(out, text);
  else if (readFileSync(out, 'utf8') !== text) throw new Error(`${path} does not match ${file.header}: run node dev/abi-gen.mjs`);
}
