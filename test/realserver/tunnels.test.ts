// weir realserver --mode tun, with real packets: the kernel's own tunnels stand for a director's, and the real server answers clients directly.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bed, type Host, noNamespaces, untilAddressesAreUsed } from '../support/netns-bed.js';
import { noTools, noTunnels } from '../support/probes.js';

const on = { skip: noNamespaces() || noTools('curl') || noTunnels() };

const bed = new Bed();
const folder = bed.folder('weir-realserver-tun-');
let client: Host;
let director: Host;
let server: Host;

const [VIP4, VIP6] = ['10.79.9.9', 'fd00:79:9::9'];
const VIPS = `${VIP4},${VIP6}`;
const RIP = { inet: '10.79.0.11', inet6: 'fd00:79::11' } as const;
const DIP = { inet: '10.79.0.1', inet6: 'fd00:79::1' } as const;
type Outer = keyof typeof RIP;

/** What the director sends by: a device for each family of inner packets, which may be the same one. */
interface Sender {
  readonly outer: Outer;
  readonly four: string;
  readonly six: string;
  readonly options?: string;
}
const IPIP: Sender = { outer: 'inet', four: 'ipip', six: 'sit' };
const IP6TNL: Sender = { outer: 'inet6', four: 'ip6tnl', six: 'ip6tnl', options: ' mode any encaplimit none' };
const GRE: Sender = { outer: 'inet', four: 'gre', six: 'gre' };
const IP6GRE: Sender = { outer: 'inet6', four: 'ip6gre', six: 'ip6gre', options: ' encaplimit none' };
const gue = (sender: Sender, more: string): Sender => ({
  ...sender,
  options: `${sender.options ?? ''} encap gue encap-sport auto encap-dport 6080 ${more}`,
});

/** The director's tunnels, which lead to the VIPs. */
function tunnelTo({ outer, four, six, options = '' }: Sender): void {
  for (const name of ['way4', 'way6']) director.run(['ip', 'link', 'del', name]);
  const add = (name: string, kind: string) =>
    director.ip(`link add ${name} type ${kind} local ${DIP[outer]} remote ${RIP[outer]}${options}`.replace(/ +/g, ' ').trim());
  add('way4', four);
  director.ip('link set way4 up');
  if (six !== four) {
    add('way6', six);
    director.ip('link set way6 up');
  }
  director.ip(`route replace ${VIP4}/32 dev way4`);
  director.ip(`-6 route replace ${VIP6}/128 dev ${six === four ? 'way4' : 'way6'}`);
}

const urlOf = (vip: string): string => `http://${vip.includes(':') ? `[${vip}]` : vip}/`;
/** Who answers a client of this VIP. A sending device remembers for a while that a server refused its packets. */
const answerOf = (vip: string): string =>
  client.run(['curl', '-g', '-s', '-m', '60', '--retry', '20', '--retry-delay', '1', '--retry-all-errors', urlOf(vip)]).stdout;
const isServed = (): void => assert.deepEqual([answerOf(VIP4), answerOf(VIP6)], ['shop', 'shop']);
const isNotServed = (): void => assert.notEqual(client.run(['curl', '-g', '-s', '-m', '2', urlOf(VIP4)]).status, 0);

/** All state of the server that `stop` must restore. Modules make devices of their own, which stay, down. */
function picture(): string {
  // Numbers of interfaces are not used twice.
  const links = server.ip('-o link show').replaceAll(/^\d+: (\S+)@?\S*: .*(state \S+).*$/gm, '$1 $2');
  const own = links.split('\n').filter((line) => !/^(tunl0|sit0|gre0|gretap0|erspan0|ip6tnl0|ip6gre0)\S* state DOWN$/.test(line));
  const sysctls = server.run([
    'sh',
    '-c',
    'cd /proc/sys/net/ipv4/conf; grep . all/* lo/* eth0/* | grep -e arp_ignore: -e arp_announce: -e rp_filter:',
  ]).stdout;
  const ports = server.run(['ip', 'fou', 'show']).stdout;
  // A device's link-local address is chosen by chance.
  const chosen = [server.ip('-o addr show').replaceAll(/^\d+: /gm, ''), server.ip('route show table all')];
  return [own.join('\n'), ...chosen.map((text) => text.replaceAll(/.*\bfe80::.*\n/g, '')), sysctls, ports].join('\n');
}

/** A command of weir on the server that must succeed; its output. */
function weir(line: string): string {
  const { status, stdout, stderr } = server.weir(line);
  assert.equal(status, 0, `${line}: ${stdout}${stderr}`);
  return stdout;
}

before(async () => {
  if (on.skip) return;
  const lan = bed.lan('lan');
  client = bed.host('client');
  director = bed.host('director');
  server = bed.host('shop');
  for (const [host, number] of [
    [client, 90],
    [director, 1],
    [server, 11],
  ] as const) {
    bed.cable(host, 'eth0', lan, `10.79.0.${number}/24`);
    host.ip(`addr add fd00:79::${number}/64 dev eth0 nodad`);
  }
  client.ip(`route add ${VIP4}/32 via ${DIP.inet}`);
  client.ip(`-6 route add ${VIP6}/128 via ${DIP.inet6}`);
  director.sysctl('net.ipv4.ip_forward', '1');
  director.sysctl('net.ipv6.conf.all.forwarding', '1');
  director.sysctl('net.ipv4.conf.eth0.send_redirects', '0');
  director.sysctl('net.ipv4.conf.all.send_redirects', '0');
  // An answer by way of the director would be lost.
  director.ip(`rule add from ${VIP4} blackhole`);
  director.ip(`-6 rule add from ${VIP6} blackhole`);
  await untilAddressesAreUsed(client, director, server);
  const program =
    "require('http').createServer((q,r)=>{r.setHeader('connection','close');r.end('shop')}).listen(80,'::',()=>console.log('ready'))";
  await server.serve(bed, [process.execPath, '-e', program]);
  // The modules' own devices, which a first start brings and no stop takes away.
  for (const kind of ['ipip', 'sit', 'ip6tnl', 'gre', 'ip6gre']) server.run(['ip', 'link', 'add', `${kind}0`, 'type', kind]);
});
after(() => bed.close());

/** Each type over both families, for VIPs of both. */
const CASES: readonly (readonly [options: string, sender: Sender, devices: readonly string[]])[] = [
  ['', IPIP, ['weir-ipip', 'sit0']],
  [`--rip ${RIP.inet6}`, IP6TNL, ['weir-ip6']],
  ['--tun-type gre', GRE, ['weir-gre']],
  [`--tun-type gre --rip ${RIP.inet6}`, IP6GRE, ['weir-gre6']],
  ['--tun-type gue --tun-port 6080', gue(IPIP, 'noencap-csum'), ['weir-ipip', 'sit0']],
  [`--tun-type gue --tun-port 6080 --rip ${RIP.inet6}`, gue(IP6TNL, 'encap-udp6-csum'), ['weir-ip6']],
];

for (const [options, sender, devices] of CASES) {
  test(`--mode tun ${options}: answered directly, a second start changes nothing, stop restores the state before`, on, () => {
    const untouched = picture();
    tunnelTo(sender);
    isNotServed();
    const started = weir(`realserver start --mode tun ${options} --vip ${VIPS}`);
    assert.match(started, /the tunnel adds \d+ bytes/);
    isServed();
    const once = picture();
    assert.equal(weir(`realserver start --mode tun ${options} --vip ${VIPS}`), 'all in place already\n');
    assert.equal(picture(), once);
    const status = weir('realserver status');
    for (const name of devices) assert.match(status, new RegExp(`^${name} \\(\\w+\\): takes tunnels of any director$`, 'm'));
    weir('realserver stop');
    assert.equal(picture(), untouched);
    isNotServed();
  });

  test(`the script does and undoes the same: --mode tun ${options}`, on, () => {
    const untouched = picture();
    weir(`realserver start --mode tun ${options} --vip ${VIPS}`);
    const byWeir = picture();
    weir('realserver stop');
    tunnelTo(sender);
    const script = join(folder, 'script');
    writeFileSync(script, weir(`realserver script --mode tun ${options} --vip ${VIPS}`));
    const sh = (verb: string) => {
      const { status, stdout, stderr } = server.run(['sh', script, verb]);
      return [status, verb === 'status' ? '' : stdout + stderr];
    };
    assert.deepEqual(
      [sh('status'), sh('start')],
      [
        [3, ''],
        [0, ''],
      ],
    );
    assert.equal(picture(), byWeir);
    isServed();
    assert.deepEqual(
      [sh('start'), sh('status')],
      [
        [0, ''],
        [0, ''],
      ],
    );
    assert.equal(picture(), byWeir);
    assert.deepEqual(sh('stop'), [0, '']);
    assert.equal(picture(), untouched);
    sh('start');
    weir('realserver stop');
    assert.equal(picture(), untouched, 'weir undoes what the script did');
  });
}

test('GUE with remote checksum offload and with checksums is taken by the same port', on, () => {
  weir(`realserver start --mode tun --tun-type gue --tun-port 6080 --vip ${VIPS}`);
  for (const more of ['encap-csum', 'encap-csum encap-remcsum']) {
    tunnelTo(gue(IPIP, more));
    isServed();
  }
  weir('realserver stop');
});

test('rp_filter: strict in `all` counts; the device gets 2 then, for which the VIP has to be on it', on, () => {
  tunnelTo(IPIP);
  server.sysctl('net.ipv4.conf.all.rp_filter', '1');
  weir(`realserver start --mode tun --vip ${VIP4}`);
  assert.equal(server.sysctl('net.ipv4.conf.weir-ipip.rp_filter'), '2');
  assert.equal(answerOf(VIP4), 'shop');
  const partly = (line: RegExp) => {
    isNotServed();
    const { status, stdout } = server.weir('realserver status');
    assert.equal(status, 1);
    assert.match(stdout, line);
  };
  server.sysctl('net.ipv4.conf.weir-ipip.rp_filter', '0');
  partly(/^weir-ipip \(ipip\): drops what it takes, by strict rp_filter$/m);
  server.sysctl('net.ipv4.conf.weir-ipip.rp_filter', '2');
  server.ip(`addr add ${VIP4}/32 dev lo`);
  server.ip(`addr del ${VIP4}/32 dev weir-ipip`);
  partly(/^weir-ipip \(ipip\): drops what it takes, by rp_filter, since it has no IPv4 address$/m);
  server.ip(`addr del ${VIP4}/32 dev lo`);
  weir(`realserver start --mode tun --vip ${VIP4}`);
  assert.equal(answerOf(VIP4), 'shop');
  weir('realserver stop');
  server.sysctl('net.ipv4.conf.all.rp_filter', '0');
});

test('--from: tunnels of these directors alone; with it GRE may have checksums', on, () => {
  const untouched = picture();
  tunnelTo(IPIP);
  const other = weir(`realserver start --mode tun --from 10.79.0.2 --vip ${VIP4}`);
  assert.match(other, /^add weir-ipip-0002 \(ipip\), which takes tunnels of 10\.79\.0\.2$/m);
  isNotServed();
  weir(`realserver start --mode tun --from ${DIP.inet},${DIP.inet6} --vip ${VIPS}`);
  isServed();
  tunnelTo(IP6TNL);
  isServed();
  assert.match(weir('realserver status'), /^weir-ip6-0001 \(ip6tnl\): takes tunnels of fd00:79::1$/m);
  weir('realserver stop');
  assert.equal(picture(), untouched);
  tunnelTo({ ...GRE, options: ' csum' });
  weir(`realserver start --mode tun --tun-type gre --vip ${VIPS}`);
  // The device of every director takes GRE without checksums alone.
  isNotServed();
  weir('realserver stop');
  weir(`realserver start --mode tun --tun-type gre --tun-csum --from ${DIP.inet} --vip ${VIPS}`);
  isServed();
  weir('realserver stop');
  assert.equal(picture(), untouched);
});

test('no host is answered ARP for the VIP, and --persist writes what does it all again at boot', on, () => {
  const image = join(folder, 'image');
  const start = `realserver start --mode tun --tun-type gue --tun-port 6080 --vip ${VIPS}`;
  weir(start);
  const whole = picture();
  assert.equal(client.run(['arping', '-c', '1', '-w', '2', '-I', 'eth0', VIP4]).status, 1);
  weir('realserver stop');
  const stopped = picture();
  weir(`${start} --persist --root ${image}`);
  assert.equal(picture(), stopped);
  const script = join(image, 'etc/weir/realserver');
  assert.equal(server.run([script, 'start']).status, 0);
  assert.equal(picture(), whole);
  assert.equal(server.run([script, 'stop']).status, 0);
  weir(`realserver stop --persist --root ${image}`);
  assert.equal(existsSync(script), false);
});

test('an address that this host does not have is no RIP of it', on, () => {
  const untouched = picture();
  const { status, stderr } = server.weir(`realserver start --mode tun --vip ${VIP4} --rip 10.79.0.77`);
  assert.equal(status, 1);
  assert.match(stderr, /^weir realserver: 10\.79\.0\.77 is not an address of this host — fix: --rip is the address by which .*\n$/);
  assert.equal(picture(), untouched);
});
