// Writes the rows of the layers into ARCHITECTURE.md: node build/dev/layer-table.js
import { readFileSync, writeFileSync } from 'node:fs';
import { layerRows } from '../test/support/layers.js';

const PATH = 'ARCHITECTURE.md';
const lines = readFileSync(PATH, 'utf8').split('\n');
const isRow = (line: string): boolean => line.startsWith('| `src/');
const first = lines.findIndex(isRow);
const rest = lines.slice(first).filter((line) => !isRow(line));
writeFileSync(PATH, [...lines.slice(0, first), ...layerRows(), ...rest].join('\n'));
