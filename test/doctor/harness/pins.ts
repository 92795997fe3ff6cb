// Prints the folder of this network namespace's pins: node pins.js
import { Bpffs } from '../../../src/datapath/ebpf/pins/bpffs.js';

process.stdout.write(`${Bpffs.find()?.path() ?? ''}\n`);
