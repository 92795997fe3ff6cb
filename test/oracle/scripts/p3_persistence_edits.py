#!/usr/bin/python3
# Persistence that is switched on, off and changed under clients; thresholds and weights beside it; a service that goes and comes back; direct routing.
import sys; sys.path.insert(0, '/job/guest')
from sched import *
build(tcpports=(80, 81, 443, 8080))
SRC = ['10.0.1.%d' % (10 + i) for i in range(12)]
def visit(R, text, srcs=SRC, keep=False): R.many(srcs, keep, label=text)
def begin(sched, ws, extra, dextra=None, **k): p = svc(sched, ws, extra, dextra, show=False, **k); R = Run(p, k.get('vip', VIP)); R.step = 100; return p, '%s:%d' % (k.get('vip', VIP), p), R
out('== switched on'); p, at, R = begin('rr', W(1, 1, 1), ''); visit(R, 'without'); d('ipvsadm -E -t %s -s rr -p 100' % at); visit(R, 'first'); visit(R, 'second'); R.counts()
out('== and off again'); d('ipvsadm -E -t %s -s rr' % at); visit(R, 'without'); R.counts('ipvsadm -Ln --persistent-conn'); d('ipvsadm -E -t %s -s rr -p 100' % at); visit(R, 'on: the old templates'); dq('ipvsadm -D -t ' + at)
out('== another netmask'); p, at, R = begin('rr', W(1, 1, 1), '-p 100'); visit(R, 'each'); d('ipvsadm -E -t %s -s rr -p 100 -M 255.255.255.248' % at); visit(R, 'eight together'); visit(R, 'again'); d('ipvsadm -E -t %s -s rr -p 100' % at); visit(R, 'each again'); R.counts('ipvsadm -Ln --persistent-conn'); dq('ipvsadm -D -t ' + at)
for sched in 'wrr lc wlc sed nq fo ovf sh mh dh'.split():
    out('== %s, weights 1 2 3' % sched); p, at, R = begin(sched, W(1, 2, 3), '-p 100'); visit(R, 'first'); visit(R, 'again'); d('ipvsadm -E -t %s -s rr -p 100' % at); visit(R, 'rr: the same'); R.counts('ipvsadm -Ln --persistent-conn'); dq('ipvsadm -D -t ' + at)
out('== thresholds'); p, at, R = begin('rr', W(1, 1, 1), '-p 100', {'1': '-x 2', '2': '-x 4 -y 2', '3': '-x 0'}); visit(R, 'kept open', SRC, True); visit(R, 'kept open', SRC, True); R.counts('ipvsadm -Ln --thresholds'); R.counts(); R.shut(); dq('ipvsadm -D -t ' + at)
out('== the service goes and comes back'); p, at, R = begin('rr', W(1, 1, 1), '-p 100'); visit(R, 'first'); dq('ipvsadm -A -t %s:81 -s rr' % VIP); dq('ipvsadm -D -t ' + at); visit(R, 'gone', SRC[:1]); d('ipvsadm -A -t %s -s rr -p 100' % at); [dq('ipvsadm -a -t %s -r %s:80 -m' % (at, RS[n])) for n in '123']; visit(R, 'back'); R.counts('ipvsadm -Ln --persistent-conn'); dq('ipvsadm -D -t ' + at)
out('== a server goes and comes back'); p, at, R = begin('rr', W(1, 1, 1), '-p 100'); visit(R, 'first'); d('ipvsadm -d -t %s -r %s:80' % (at, RS['2'])); visit(R, 'gone'); d('ipvsadm -a -t %s -r %s:80 -m' % (at, RS['2'])); visit(R, 'back'); R.counts('ipvsadm -Ln --persistent-conn'); dq('ipvsadm -D -t ' + at)
out('== routed'); p, at, R = begin('rr', W(1, 1, 1), '-p 100', vip=DVIP, m='-g', rport=80); dq('ipvsadm -D -t ' + at)
d('ipvsadm -A -t %s:80 -s rr -p 100' % DVIP); [dq('ipvsadm -a -t %s:80 -r %s -g' % (DVIP, RS[n])) for n in '123']; R = Run(80, DVIP); R.step = 100; visit(R, 'first'); visit(R, 'again'); R.counts('ipvsadm -Ln --persistent-conn'); R.counts()
d('ipvsadm -A -t %s:0 -s rr -p 100' % DVIP); [dq('ipvsadm -a -t %s:0 -r %s:0 -g' % (DVIP, RS[n])) for n in '123']; R = Run(443, DVIP); R.base = 31000; R.step = 100; visit(R, 'port 0, by 443'); R = Run(8080, DVIP); R.base = 33000; visit(R, 'by 8080'); R = Run(80, DVIP); R.base = 35000; visit(R, 'the exact one'); d('ipvsadm -Ln'); dq('ipvsadm -C')
out('== refused'); [d('ipvsadm -A -t %s:900 -s rr %s' % (VIP, x)) for x in ('-p 0', '-p -1', '-p 2678400', '-p 2678401', '-p x', '-p 100 -M 0.0.0.0', '-p 100 -M 255.0.255.0', '-p 100 -M 33')]; d('ipvsadm -Sn')
