// The examples of two directors with a pool of servers: of each pool a part answers its checks, and that part is in the table.
import type { Example } from './example.js';

interface Pool {
  /** The last number of the VIP, and of the servers that answer. */
  readonly vip: number;
  readonly servers: readonly number[];
  /** A program of node; it prints a line when it listens. */
  readonly program: string;
  /** `-t 80 wlc: 51 1, 52 0`: service, scheduler, servers with weights. */
  readonly table: readonly string[];
}

const address = (host: number): string => `192.0.2.${host}`;
const listening = (ports: readonly number[], more = ''): string =>
  `const net=require('net');let left=${ports.length};const up=()=>{if(--left===0)console.log('ready')};${more}
   for(const port of ${JSON.stringify(ports)})net.createServer((c)=>{c.on('error',()=>{});serve(c,port)}).listen(port,'0.0.0.0',up);`;

const web = `require('http').createServer((q,r)=>{r.statusCode=q.url==='/health'?200:404;r.end('ok')}).listen(80,'0.0.0.0',()=>console.log('ready'))`;
const mail = `${listening([25, 143])}
   function serve(c,port){if(port!==25)return;c.write('220 mail\\r\\n');c.on('data',(d)=>c.write(/^HELO /.test(d)?'250 mail\\r\\n':'221 bye\\r\\n'))}`;
/** Answers each question with its own bytes, as an answer without an error. */
const dns = `${listening([53])}function serve(){}
   const s=require('dgram').createSocket('udp4');s.on('message',(m,r)=>{m[2]|=0x80;m[3]&=0xf0;s.send(m,r.port,r.address)});s.bind(53)`;
const database = `${listening([3306])}function serve(){}`;

/** The lines of `ipvsadm -Sn`, in any order. */
function saved({ vip, table }: Pool): readonly string[] {
  return table.flatMap((text) => {
    const [, option = '', port = '', scheduler = '', servers = ''] = /^(-[tu]) (\d+) (\w+): (.*)$/.exec(text) ?? [];
    const service = `${option} ${address(vip)}:${port}`;
    const lines = servers.split(', ').map((one) => one.split(' '));
    return [
      `-A ${service} -s ${scheduler}`,
      ...lines.map(([host, weight]) => `-a ${service} -r ${address(Number(host))}:${port} -g -w ${weight}`),
    ];
  });
}

const node = (pool: Pool, director: number): Example => ({
  devices: { eth0: `${address(director + 1)}/24` },
  holds: [new RegExp(`192\\.0\\.2\\.${pool.vip}/24`)],
  before: async (_host, bed, _daemon, lan) => {
    const server = bed.host(`pool${pool.vip}${director}`);
    bed.cable(server, 'eth0', lan, ...pool.servers.map((host) => `${address(host)}/24`));
    await server.serve(bed, [process.execPath, '-e', pool.program]);
  },
  after: async (host, daemon) => {
    const wanted = [...saved(pool)].sort().join('\n');
    await daemon.until('the servers that answer', () => host.ipvsadm('-Sn').stdout.trimEnd().split('\n').sort().join('\n') === wanted);
    host.weir('unload');
  },
});

const pools: Readonly<Record<string, Pool>> = {
  web: { vip: 50, servers: [51], program: web, table: ['-t 80 wlc: 51 1'] },
  mail: { vip: 60, servers: [61], program: mail, table: ['-t 25 lc: 61 1', '-t 143 lc: 61 1, 62 0'] },
  dns: { vip: 70, servers: [71], program: dns, table: ['-u 53 rr: 71 1', '-t 53 rr: 71 1'] },
  database: { vip: 80, servers: [81, 82], program: database, table: ['-t 3306 lc: 81 1, 82 1'] },
};

/** By the name of the file. */
export const poolExamples: Readonly<Record<string, Example>> = Object.fromEntries(
  Object.entries(pools).flatMap(([name, pool]) => [1, 2].map((director) => [`${name}-lvs${director}.conf`, node(pool, director)] as const)),
);
