// Policies of IPsec in a real kernel: they are read as `ip xfrm policy` has them, and the command that balances past one by direct routing prints a line.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Bed, ENTRY, noNamespaces } from '../support/netns-bed.js';
import { notWorking } from '../support/probes.js';

const skip = noNamespaces() || notWorking('xfrm', 'ip', 'xfrm', 'policy');
const bed = new Bed();
after(() => bed.close());

const VIP = '198.51.100.80';
const TEMPLATE = 'tmpl src 198.51.100.2 dst 198.51.100.1 proto esp mode tunnel';
const WARNING = (policy: string) =>
  `weir: the policy of IPsec ${policy} is not applied to what is not masqueraded; weir doctor names the services\n`;

test('the command that balances past a policy prints it, and no other one does', { skip }, () => {
  const host = bed.host('director');
  host.ip('link add eth0 type veth peer name far0');
  host.ip('link set far0 up');
  host.ip('link set eth0 up');
  host.ip('addr add 198.51.100.2/24 dev eth0');
  host.ip(`addr add ${VIP}/32 dev eth0`);
  const changed = (line: string): string => {
    const { status, stdout, stderr } = host.ipvsadm(line);
    assert.deepEqual([status, stdout], [0, ''], `${line}: ${stderr}`);
    return stderr;
  };
  assert.equal(changed(`-A -t ${VIP}:80 -s rr`), '');
  assert.equal(changed(`-a -t ${VIP}:80 -r 10.20.0.11:80 -g`), '', 'there is no policy');
  host.ip(`xfrm policy add src 198.51.100.2/32 dst ${VIP}/32 dir out ${TEMPLATE}`);
  host.ip(`xfrm policy add src 203.0.113.0/24 dst ${VIP}/32 dir in ${TEMPLATE}`);
  host.ip(`xfrm policy add src 203.0.113.0/24 dst ${VIP}/32 dir out mark 7 ${TEMPLATE}`);
  host.ip(`xfrm policy add src 203.0.113.0/24 dst ${VIP}/32 proto udp dir out ${TEMPLATE}`);
  host.ip(`xfrm policy add src 203.0.113.0/24 dst 10.20.0.0/24 dir out ${TEMPLATE}`);
  assert.equal(changed(`-e -t ${VIP}:80 -r 10.20.0.11:80 -g -w 2`), '', 'these are for other packets');
  host.ip(`xfrm policy add src 203.0.113.0/24 dst ${VIP}/32 proto tcp dport 80 dir out priority 9 ${TEMPLATE}`);
  const warning = WARNING(`src 203.0.113.0/24 dst ${VIP}/32 dir out`);
  assert.equal(changed(`-e -t ${VIP}:80 -r 10.20.0.11:80 -g -w 3`), warning);
  assert.equal(changed(`-a -t ${VIP}:80 -r 10.20.0.12:80 -m`), warning, 'the service has a server of direct routing');
  assert.equal(changed(`-d -t ${VIP}:80 -r 10.20.0.12`), '', 'nothing new is balanced');
  const saved = host.ipvsadm('-S -n');
  assert.equal(saved.stderr, '');
  assert.equal(host.run([process.execPath, ENTRY, 'ipvsadm', '-R'], `-C\n${saved.stdout}`).stderr, warning);
  host.ip(`xfrm policy add src 203.0.113.0/24 dst ${VIP}/32 dir out priority 1`);
  assert.equal(changed(`-e -t ${VIP}:80 -r 10.20.0.11:80 -g -w 4`), '', 'what comes first passes them as they are');
  assert.equal(changed(`-e -t ${VIP}:80 -r 10.20.0.11:80 -m`), '', 'by NAT the kernel sends them');
  host.ip('xfrm policy add src ::/0 dst 2001:db8::80/128 dir out action block');
  assert.equal(changed('-A -t [2001:db8::80]:80 -s rr'), '');
  assert.equal(changed('-a -t [2001:db8::80]:80 -r [2001:db8:20::11]:80 -g'), WARNING('src ::/0 dst 2001:db8::80/128 dir out'));
});
