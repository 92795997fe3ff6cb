#!/usr/bin/python3
# Persistence: which server clients get again, templates in listings, netmasks, port 0, what expires and what a quiesced server still gets.
import sys; sys.path.insert(0, '/job/guest')
from sched import *
build(tcpports=(80, 81, 443, 8080))
def visit(R, srcs, text): R.many(srcs, label=text)
def templates(vp): out('    ' + '; '.join(sorted('%s %s %s' % (x['cli'] if 'cli' in x else x['c'], x['cp'], x['st']) for x in conns() if x['vp'] == vp and x['cp'] == 0)))
SRC = ['10.0.1.%d' % (10 + i) for i in range(12)]
for mask in ('', ' -M 255.255.255.0', ' -M 255.255.255.252', ' -M 255.255.255.255'):
    out('\n== rr -p 100%s' % mask); p = svc('rr', W(1, 1, 1), '-p 100' + mask, show=False); R = Run(p); R.step = 100
    visit(R, SRC, 'twelve clients'); visit(R, SRC, 'again'); R.counts(); R.counts('ipvsadm -Ln --persistent-conn')
    dq('ipvsadm -e -t %s:%d -r %s:80 -m -w 0' % (VIP, p, RS['1'])); visit(R, SRC, '1 quiesced')
    dq('sysctl -qw net.ipv4.vs.expire_quiescent_template=1'); visit(R, SRC, 'expire_quiescent_template'); dq('sysctl -qw net.ipv4.vs.expire_quiescent_template=0')
    R.counts('ipvsadm -Ln --persistent-conn'); dq('ipvsadm -D -t %s:%d' % (VIP, p))
out('\n== one port after another: a template for each'); 
for port in (80, 443): dq('ipvsadm -A -t %s:%d -s rr -p 100' % (VIP, port)); [dq('ipvsadm -a -t %s:%d -r %s:%d -m' % (VIP, port, RS[n], port)) for n in '123']
for port in (80, 443): R = Run(port); R.base = 31000; R.step = 50; visit(R, SRC, 'port %d' % port); R.counts()
for port in (80, 443): dq('ipvsadm -D -t %s:%d' % (VIP, port))
out('\n== port 0: one template for all ports'); d('ipvsadm -A -t %s:0 -s rr -p 100' % VIP); [d('ipvsadm -a -t %s:0 -r %s:0 -m' % (VIP, RS[n])) for n in '123']
for i, port in enumerate((80, 443, 8080)): R = Run(port); R.base = 33000 + 100 * i; visit(R, SRC, 'port %d' % port)
d('ipvsadm -Ln -t %s:0' % VIP); d('ipvsadm -Ln --persistent-conn -t %s:0' % VIP); dq('ipvsadm -D -t %s:0' % VIP)
out('\n== the time runs out'); p = svc('rr', W(1, 1, 1), '-p 2', show=False); R = Run(p); R.step = 100; dq('ipvsadm --set 0 1 0')
visit(R, SRC[:4], 'four clients'); time.sleep(7); visit(R, SRC[:1], 'seven seconds later, the first'); visit(R, SRC[:4], 'all four'); dq('ipvsadm --set 900 120 300')
dq('ipvsadm -D -t %s:%d' % (VIP, p))
out('\n== UDP, and one packet at a time'); p = svc('rr', W(1, 1, 1), '-p 100', show=False, proto='u', rport=53)
out(seq([udp(VIP, p, s, 24000 + i)[1] for i, s in enumerate(SRC)])); out(seq([udp(VIP, p, s, 25000 + i)[1] for i, s in enumerate(SRC)])); d('ipvsadm -Ln --persistent-conn -u %s:%d' % (VIP, p))
