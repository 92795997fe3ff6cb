#!/usr/bin/python3
# Templates of persistent services: their time and state, what renews them, what the edit of a service does to them, all ports of an address,
# quiesced servers, one-packet scheduling, one client at several services.
import sys; sys.path.insert(0, '/job/guest')
from sched import *
from packets import about, mute, settle
build(3, tcpports=(80, 81, 443, 8080), udpports=(53, 5060))
SRC = ['10.0.1.%d' % (10 + i) for i in range(8)]
C, R1 = Raw('c'), Raw('r1')
text4 = lambda h: socket.inet_ntoa(bytes.fromhex(h))
def templates(vp, known=(100,), vip=VIP):
    r = [x for x in conns() if x['vp'] == vp and x['cp'] == 0 and x['v'] == '%08X' % int.from_bytes(socket.inet_aton(vip), 'big')]
    out('    templates: ' + ('; '.join('%s %s at %s:%d %s about %d' % (x['p'], text4(x['c']), text4(x['d']), x['dp'], x['st'], about(x['ex'], known)) for x in sorted(r, key=lambda x: (x['p'], x['c']))) or 'none'))
def begin(extra, ws=W(1, 1, 1), sched='rr', dextra=None, **k):
    p = svc(sched, ws, extra, dextra, show=False, **k); R = Run(p, k.get('vip', VIP)); R.step = 20; return p, '%s:%d' % (R.dst, p), R
def visit(R, text, srcs=SRC, keep=False): R.many(srcs, keep, label=text)
def gone(at): dq('ipvsadm -D -t ' + at)
dq('ipvsadm -A -t %s:1 -s rr' % VIP)
out('== the time of a template'); p, at, R = begin('-p 100'); visit(R, 'visit', SRC[:2]); templates(p); time.sleep(12); templates(p, (100, 90)); visit(R, 'visit', SRC[:1]); templates(p, (100, 90)); gone(at)
out('\n== data on a connection does not renew it'); p, at, R = begin('-p 100'); s, a = conn(VIP, p, SRC[0], 30001); time.sleep(12); s.send(b'x'); s.recv(9); templates(p, (100, 90)); close(s); templates(p, (100, 90)); gone(at)
out('\n== another time by -E'); p, at, R = begin('-p 100'); visit(R, 'visit', SRC[:2]); d('ipvsadm -E -t %s -s rr -p 50' % at); templates(p, (100, 50)); visit(R, 'visit', SRC[1:3]); templates(p, (100, 50)); gone(at)
out('\n== a connection that outlives it'); p, at, R = begin('-p 2'); s, a = conn(VIP, p, SRC[0], 30002); out('opened: ' + a); time.sleep(7); templates(p, (60, 2)); visit(R, 'visit', SRC[:2]); templates(p, (60, 2)); close(s); gone(at)
out('\n== three visits within one second'); p, at, R = begin('-p 1'); visit(R, 'visit', SRC[:1] * 3); gone(at)
out('\n== its state, TCP'); mute('r1', 'r2', 'r3'); p, at, R = begin('-p 100', W(1))
for i, path in enumerate((['S'], ['S', 'sA'], ['S', 'sSA'], ['S', 'sSA', 'A'], ['S', 'sSA', 'A', 'R'], ['S', 'R'], ['S', 'sR'])):
    for e in path:
        if e[0] == 's': R1.tcp('10.0.2.11', 80, '10.0.1.%d' % (30 + i), 31000, e[1:], ack=1)
        else: C.tcp('10.0.1.%d' % (30 + i), 31000, VIP, p, e, ack=1)
        time.sleep(.05)
    x = [x for x in conns() if x['vp'] == p and x['cp'] == 0 and x['c'] == '0A0001%02X' % (30 + i)]; out('%-16s template %s' % (' '.join(path), x[0]['st'] if x else 'none'))
for n in ('r1', 'r2', 'r3'): dq('iptables -t raw -F', n)
gone(at)
out('\n== its state, UDP without an answer'); p, at, R = begin('-p 100', W(1), proto='u', rport=9); dq('iptables -A OUTPUT -p icmp -j DROP', 'r1'); C.udp(SRC[0], 31100, VIP, p, b'q'); time.sleep(.05); templates(p); dq('ipvsadm -D -u ' + at)
out('\n== two services, one client'); a1, a2 = begin('-p 100'), begin('-p 100')
for text in ('first', 'again'): visit(a1[2], 'one, ' + text, SRC[:4]); visit(a2[2], 'other, ' + text, SRC[1:5])
templates(a1[0]); templates(a2[0]); gone(a1[1]); gone(a2[1])
out('\n== one port of two addresses'); dq('ip addr add 10.0.1.102/32 dev eth0')
for v in (VIP, '10.0.1.102'): dq('ipvsadm -A -t %s:900 -s rr -p 100' % v); [dq('ipvsadm -a -t %s:900 -r %s:80 -m' % (v, RS[n])) for n in '123']
for i, text in enumerate(('first', 'again')):
    for v in (VIP, '10.0.1.102'): R = Run(900, v); R.base = 32000 + 100 * i; visit(R, v + ', ' + text, SRC[:5])
templates(900); templates(900, vip='10.0.1.102'); gone(VIP + ':900'); gone('10.0.1.102:900')
out('\n== TCP and UDP of one port'); dq('ipvsadm -A -t %s:901 -s rr -p 100; ipvsadm -A -u %s:901 -s rr -p 100' % (VIP, VIP)); [dq('ipvsadm -a -t %s:901 -r %s:80 -m; ipvsadm -a -u %s:901 -r %s:53 -m' % (VIP, RS[n], VIP, RS[n])) for n in '123']
R = Run(901); visit(R, 'TCP', SRC[:3]); out('UDP: ' + seq([udp(VIP, 901, s, 33000)[1] for s in SRC[1:4]])); R.base = 33100; visit(R, 'TCP again', SRC[:3]); d('ipvsadm -Ln --persistent-conn'); dq('ipvsadm -D -t %s:901; ipvsadm -D -u %s:901' % (VIP, VIP))
out('\n== networks of clients, UDP'); p, at, R = begin('-p 100 -M 255.255.255.252', proto='u', rport=53); out(seq([udp(VIP, p, s, 33300)[1] for s in SRC])); out(seq([udp(VIP, p, s, 33301)[1] for s in SRC])); dq('ipvsadm -D -u ' + at)
for quiescent in (0, 1):
    out('\n== quiesced, expire_quiescent_template %d' % quiescent); dq('sysctl -qw net.ipv4.vs.expire_quiescent_template=%d' % quiescent); p, at, R = begin('-p 100'); visit(R, 'first'); visit(R, 'kept open', SRC[:3], True); dq('ipvsadm -e -t %s -r %s:80 -m -w 0' % (at, RS['1'])); visit(R, '1 quiesced'); dq('ipvsadm -e -t %s -r %s:80 -m -w 1' % (at, RS['1'])); visit(R, '1 back'); R.counts(); R.shut(); gone(at)
    out('\n== networks, quiesced, expire_quiescent_template %d' % quiescent); p, at, R = begin('-p 100 -M 255.255.255.254'); visit(R, 'first'); dq('ipvsadm -e -t %s -r %s:80 -m -w 0' % (at, RS['2'])); visit(R, '2 quiesced', SRC[1::2]); visit(R, 'their neighbours', SRC[::2]); gone(at)
    out('\n== all quiesced, expire_quiescent_template %d' % quiescent); p, at, R = begin('-p 100', W(1, 1)); visit(R, 'first', SRC[:4]); dq('; '.join('ipvsadm -e -t %s -r %s:80 -m -w 0' % (at, RS[n]) for n in '12')); visit(R, 'known', SRC[:4]); visit(R, 'unknown', SRC[4:6]); gone(at)
dq('sysctl -qw net.ipv4.vs.expire_quiescent_template=0')
out('\n== by weight, while connections stay open'); p, at, R = begin('-p 100', W(1, 2, 3), 'wlc'); visit(R, 'first', SRC, True); visit(R, 'again', SRC, True); R.counts(); R.counts('ipvsadm -Ln --persistent-conn'); R.shut(); gone(at)
out('\n== a server that is full'); p, at, R = begin('-p 100', W(1, 1), 'rr', {'1': '-x 2', '2': '-x 2'}); visit(R, 'opened', SRC[:6], True); visit(R, 'known', SRC[:2], True); R.counts('ipvsadm -Ln --thresholds'); R.shut(); gone(at)
out('\n== all ports of an address: NAT'); d('ipvsadm -A -t %s:0 -s rr -p 100' % VIP); [d('ipvsadm -a -t %s:0 -r %s:0 -m' % (VIP, RS[n])) for n in '123']
for i, q in enumerate((80, 443, 8080, 80)): R = Run(q); R.base = 34000 + 100 * i; visit(R, 'port %d' % q)
templates(0); d('ipvsadm -Ln'); d('ipvsadm -Sn'); d('ipvsadm -Ln --thresholds -t %s:0' % VIP)
out('\n== all ports: an exact service beside it'); d('ipvsadm -A -t %s:443 -s rr' % VIP); dq('ipvsadm -a -t %s:443 -r %s:443 -m' % (VIP, RS['1'])); R = Run(443); R.base = 34500; visit(R, 'port 443'); R = Run(81); R.base = 34600; visit(R, 'port 81'); gone(VIP + ':443'); R = Run(443); R.base = 34700; visit(R, 'port 443, the exact one deleted')
out('\n== all ports: a port that no server has'); R = Run(9999); R.base = 34800; visit(R, 'port 9999', SRC[:2])
out('\n== all ports: quiesced, then deleted'); dq('ipvsadm -e -t %s:0 -r %s:0 -m -w 0' % (VIP, RS['1'])); R = Run(80); R.base = 34900; R.step = 20; visit(R, '1 quiesced'); dq('ipvsadm -d -t %s:0 -r %s:0' % (VIP, RS['1'])); visit(R, '1 deleted'); d('ipvsadm -Ln'); gone(VIP + ':0')
out('\n== all ports: ports of servers'); d('ipvsadm -A -t %s:0 -s wrr -p 100' % VIP); d('ipvsadm -a -t %s:0 -r %s:8080 -m' % (VIP, RS['1'])); d('ipvsadm -a -t %s:0 -r %s -m -w 2' % (VIP, RS['2'])); d('ipvsadm -a -t %s:0 -r %s:0 -m -w 2' % (VIP, RS['2'])); R = Run(443); R.base = 35100; visit(R, 'port 443'); d('ipvsadm -Ln'); d('ipvsadm -e -t %s:0 -r %s:8080 -m -w 5' % (VIP, RS['1'])); d('ipvsadm -d -t %s:0 -r %s' % (VIP, RS['2'])); d('ipvsadm -Ln'); gone(VIP + ':0')
out('\n== all ports: UDP'); d('ipvsadm -A -u %s:0 -s rr -p 100' % VIP); [dq('ipvsadm -a -u %s:0 -r %s:0 -m' % (VIP, RS[n])) for n in '123']; out('port 53: ' + seq([udp(VIP, 53, s, 36000)[1] for s in SRC])); out('port 5060: ' + seq([udp(VIP, 5060, s, 36001)[1] for s in SRC])); R = Run(80); R.base = 36100; visit(R, 'TCP', SRC[:1]); d('ipvsadm -Ln --persistent-conn'); dq('ipvsadm -D -u %s:0' % VIP)
out('\n== all ports: routed'); d('ipvsadm -A -t %s:0 -s rr -p 100 -M 255.255.255.254' % DVIP); [d('ipvsadm -a -t %s:0 -r %s -g' % (DVIP, RS[n])) for n in '123']
for i, q in enumerate((80, 8080)): R = Run(q, DVIP); R.base = 37000 + 100 * i; visit(R, 'port %d' % q)
templates(0, vip=DVIP); d('ipvsadm -Ln'); gone(DVIP + ':0')
out('\n== one packet at a time, persistent'); p, at, R = begin('-p 100 -o', proto='u', rport=53); d('ipvsadm -Ln -u ' + at)
for i in range(3):
    for s_ in SRC[:3]: C.udp(s_, 38000 + i, VIP, p, b'q')
time.sleep(.1); out('connections: %d' % len([x for x in conns() if x['vp'] == p and x['cp'] != 0])); templates(p); settle(); d('ipvsadm -Ln --stats -u ' + at); dq('ipvsadm -D -u ' + at)
out('\n== listed as connections'); p, at, R = begin('-p 100', W(1)); visit(R, 'kept open', SRC[:2], True); d("ipvsadm -Lcn | sed 's/ [0-9]*:[0-9]* / MM:SS /' | grep -E 'IPVS|pro|:%d ' | LC_ALL=C sort" % p); d("ipvsadm -Lcn --persistent-conn | sed 's/ [0-9]*:[0-9]* / MM:SS /' | grep -E 'IPVS|pro|:%d ' | LC_ALL=C sort" % p); R.shut(); gone(at); d("ipvsadm -Lcn | sed 's/ [0-9]*:[0-9]* / MM:SS /' | grep -E ':%d ' | LC_ALL=C sort" % p)
