// In the namespace of a director: the first word, JSON, has the sizes that its empty tables get; the process is killed before its Nth step.
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { killedAt } from './killed-steps.js';

const [sizes = '', nth = ''] = process.argv.slice(2);
killedAt(Number(nth), Bpffs.ensure().folder(), (_, field) => field === Conf.magic);
openDirector({ capacity: JSON.parse(sizes) }).close();
