// The layers of src/: what each folder is for and which others it may import. The order is the one in which the data flows.
// test/source/layers.test.ts enforces it, dev/layer-table.ts writes it into ARCHITECTURE.md.

export interface Layer {
  /** Below src/. */
  readonly folder: string;
  /** For ARCHITECTURE.md: Markdown. */
  readonly what: string;
  /** Besides itself. */
  readonly mayImport: readonly string[];
  /** Only values: no clock, timer, chance, process or file, nothing of node. `true`: all of it; else the parts of it. */
  readonly pure: true | readonly string[];
}

const values = ['model', 'config', 'wire', 'control'];
const shell = [...values, 'sys', 'datapath', 'host'];

export const layers: readonly Layer[] = [
  {
    folder: 'model',
    what: 'the nouns: address, service, destination, change of a table, finding; `errors/`: the one error table; `keepalived/`: what a keepalived.conf states; `rings/`: the rings of dh, sh and mh; `layer7/`: listeners, hosts, routes and pools, with defaults of nginx; `feedback/`: what servers report of their load; `drain/`: drains, and the weight that packets find; `tuning/`: sysctls by role; `expression/`: regular expressions in linear time',
    mayImport: [],
    pure: true,
  },
  {
    folder: 'config',
    what: '`keepalived/`: keepalived.conf, text → lines → statements → values → model, a room a step; `keywords/` and `diagnostics/`, the tables of both; `host/`: what the file has that this host lacks; `explain/`, `lint/`. `weir/`: weir.yaml, by the package yaml; `nginx/`: nginx.conf → the same model and back, with a line for each loss; `haproxy/`: from that model to haproxy.cfg; `engine/`: what both engines are written with; `ktcpvs/`: the table and file of KTCPVS; `ipvsadm/`: the command lines of ipvsadm; `import/`: services of other load balancers, with what became of each statement',
    mayImport: ['model'],
    pure: true,
  },
  {
    folder: 'wire',
    what: "bytes ↔ values: Ethernet, ARP, NDP, IPv4, ICMP, TCP, UDP, VRRP with its digests, BFD, netlink; `sync/`: both protocols of connection synchronisation; `load/`: what servers report of their load; `http/`: heads and chunks of HTTP/1.1, strictly; `proxy-protocol/`: the header with a client's address",
    mayImport: ['model'],
    pure: true,
  },
  {
    folder: 'control',
    what: "decisions as data: `machine.ts`, the shape of every machine but the proxy's, which receives and sends in place by its edge: an effect for each piece of a body would cost more than the piece; the machines of VRRP (`vrrp/`), BFD (`bfd/`), the proxy (`proxy/`), health checks (`check/`), weights that follow the load (`feedback/`) and drains (`drain/`); `sync/`: what is announced to other directors, and what theirs means here; plans: `virtual-server/`, `realserver/`, `vip/`, `tuning/`; `plan/`: the plans of a reload and of a document; `layer7/`: which route (`route/`) and which server (`pool/`) a request has",
    mayImport: ['model', 'config', 'wire'],
    pure: true,
  },
  {
    folder: 'dump',
    what: "the texts of keepalived's dump files: data, stats, JSON",
    mayImport: ['model', 'wire', 'control'],
    pure: true,
  },
  {
    folder: 'sys',
    what: 'the kernel as objects, a room a kind: `sockets/`, `reactor/`, `netlink/`, `bpf/`, `files/`, `processes/`, `namespaces/`; `policy/`: which namespaces are dead; the only user of the addon',
    mayImport: ['model', 'wire'],
    pure: [],
  },
  {
    folder: 'datapath',
    what: '`director.ts`: what every driver offers; `ebpf/`: the driver; `memory/`: a director in memory, in `memory/packets/` with packets; `schedule/`, `tcp-state.ts`: the rules of the kernel again in TypeScript, the measure of the C ones',
    mayImport: ['model', 'wire', 'sys'],
    pure: ['schedule', 'memory'],
  },
  {
    folder: 'sim',
    what: "`control`'s machines on a virtual network and clock: histories from seeds, invariants, shrinking, of `vrrp/`, `check/` and `feedback/`; `packets/`: loads through the director in memory",
    mayImport: [...values, 'datapath'],
    pure: true,
  },
  {
    folder: 'host',
    what: "carries out `control`'s plans on this host (`realserver/`, `vip/`, `tuning/`); `sync/`: records, keys and processes of the synchronisation; `install/`: what `weir install` puts into a system; reads the host's configuration files, certificates and secrets; what daemons publish of themselves",
    mayImport: [...values, 'sys'],
    pure: [],
  },
  {
    folder: 'document',
    what: 'the table of a weir.yaml on this host: what a plan has to know, read without a lock, and the plan carried out under it',
    mayImport: shell,
    pure: [],
  },
  {
    folder: 'doctor',
    what: '`collect/`: facts of this host; `packet-filter/`: the rules of nft and iptables, as data; `rules/`: facts → findings',
    mayImport: shell,
    pure: ['rules', 'packet-filter'],
  },
  {
    folder: 'report',
    what: 'what this host reports, as values that the commands print and the API sends: `status/`, `explain/`, `connections/`, `drain/`, rates; the tables as they are, with no lock',
    mayImport: shell,
    pure: [],
  },
  {
    folder: 'metrics',
    what: '`snapshot.ts`: what is read at a scrape; `collect/` reads it; `families/`: snapshot → families, by the names of node_exporter, of two exporters of keepalived and of weir; `exposition/`: families → text',
    mayImport: shell,
    pure: ['families', 'exposition'],
  },
  {
    folder: 'lab',
    what: 'networks of namespaces: `definition/` describes one as data, `topology/` builds it, `run/` takes its steps, `traffic/` captures, `connections/` are those that clients keep open, `judge/` compares, `state/` is what stands; `labs/`: those that come with weir',
    mayImport: [...shell, 'doctor'],
    pure: [],
  },
  {
    folder: 'api',
    what: 'the control API: `routes/`, a file for each kind of resource; `http/`: requests and answers, problem documents, listeners; `access/`: who may; `values/`: what is sent; `changes/`: plans and the journal; `events/`: what is streamed, and the traffic of the last hour; `openapi.ts`. It decides nothing: what it reads comes by `sources.ts`',
    mayImport: [...shell, 'document', 'doctor', 'report', 'metrics'],
    pure: [],
  },
  {
    folder: 'proxy',
    what: "the edges of `control/proxy`: on the reactor, and on Node's TLS; the access log's lines",
    mayImport: [...values, 'sys'],
    pure: [],
  },
  {
    folder: 'daemon',
    what: 'the processes, a room each: `supervisor/`, `vrrp/`, `checker/`, `bfd/`, `reader/`, `sync/`, `proxy/`, `engine/`, `api/`; `process/`: what all of them have, the step loop, messages, signals, names; `agent/`: what a real server reports of its load; `feedback/`: weights that follow such reports; `drain/`: drains of this host; the other rooms are what these open, run and write: `log/`, `mail/`, `notify/`, `scripts/`, `trackers/`, `filter/` (socket filters), `dump-files/`',
    mayImport: [...shell, 'document', 'report', 'api', 'metrics', 'proxy', 'dump'],
    pure: [],
  },
  {
    folder: 'cli',
    what: "the command lines; `commands.ts` is the table of them. `programs/`: the bundled programs, a file each, and `warm-*.ts`, what the build runs of each, so that V8's compiled code is kept. A room each for `ipvsadm/`, `keepalived/`, `genhash/` and `tcpvsadm/`; the commands of weir are in `commands/`, what some of them collect and print in `document/`, `plan/`, `feedback/`, `drain/`, `import/`, `proxy/`, `status/`, `explain/`, `conns/`, `api/`, `dashboard/`, `load/`, `sync/`, `top/` and `tune/`; `manual/`: manual pages and completion, from the table and what `--help` prints; `names/`: names of addresses and ports",
    mayImport: [...shell, 'document', 'doctor', 'report', 'metrics', 'lab', 'daemon', 'sim'],
    pure: [],
  },
];

export const layerNamed = (folder: string): Layer | undefined => layers.find((layer) => layer.folder === folder);

/** The rows of ARCHITECTURE.md, without the table's head. */
export function layerRows(): readonly string[] {
  return layers.map(({ folder, what, mayImport, pure }) => {
    const purity = pure === true ? 'all' : pure.map((part) => `\`${part}/\``).join(', ');
    return `| \`src/${folder}/\` | ${what} | ${mayImport.length === 0 ? 'nothing' : mayImport.join(', ')} | ${purity} |`;
  });
}
