#!/usr/bin/python3
# IPv6: schedulers and hashes by IPv6 clients, NAT and direct routing, UDP, a service of each family on the same port, refusals.
import sys; sys.path.insert(0, '/job/guest')
from sched import *
build(tcpports=(80, 81, 1201, 1202, 1203), udpports=(53, 1210))
RS6 = {str(i): '2001:db8:2::%x' % (16 + i) for i in range(1, 6)}
SRC6 = ['2001:db8:1::%x' % (16 + i) for i in range(10)]
port = [1100]; base = [20000]
def svc6(sched, ws, m='-m', extra='', vip=VIP6, rport=80, p=None, proto='t'):
    if p is None: port[0] += 1; p = port[0]
    d('ipvsadm -A -%s [%s]:%d -s %s%s' % (proto, vip, p, sched, extra))
    for n, w in ws: d('ipvsadm -a -%s [%s]:%d -r [%s]:%d %s -w %d' % (proto, vip, p, RS6[n], rport if m == '-m' else p, m, w))
    return p
def go(vip, p, n, keep=False, srcs=('2001:db8:1::10',)):
    r = []; socks = []
    for i in range(n):
        base[0] += 1; s, a = conn(vip, p, srcs[i % len(srcs)], base[0]); r.append(a)
        if s is not None and keep: socks.append(s)
        elif s is not None: close(s)
    out(seq(r)); return socks
for sched in 'rr wrr lc wlc sed nq'.split():
    for ws in (W(1, 1, 1), W(1, 2, 3)):
        p = svc6(sched, ws); k = go(VIP6, p, 18); k = go(VIP6, p, 9, True); time.sleep(.05); d('ipvsadm -Ln -t [%s]:%d' % (VIP6, p))
        for s in k: close(s)
        dq('ipvsadm -D -t [%s]:%d' % (VIP6, p))
for sched, extra in (('sh', ''), ('sh', ' -b sh-port'), ('mh', ''), ('mh', ' -b mh-port'), ('dh', '')):
    p = svc6(sched, W(1, 2, 1), extra=extra); go(VIP6, p, 30, srcs=SRC6); dq('ipvsadm -D -t [%s]:%d' % (VIP6, p))
out('\n== routed'); p = svc6('rr', W(1, 1, 1), '-g', vip=DVIP6, p=1201); go(DVIP6, p, 6); time.sleep(.05); d('ipvsadm -Ln -t [%s]:%d' % (DVIP6, p))
out('\n== UDP'); p = svc6('rr', W(1, 1, 1), proto='u', rport=53, p=1210); out(seq([udp(VIP6, p, SRC6[0], 26000 + i)[1] for i in range(6)])); d('ipvsadm -Ln -u [%s]:%d' % (VIP6, p))
out('\n== both families on one port'); p = svc6('rr', W(1, 1), p=1203); d('ipvsadm -A -t %s:1203 -s rr' % VIP); d('ipvsadm -a -t %s:1203 -r 10.0.2.13:80 -m' % VIP)
go(VIP6, p, 4); R = Run(p); R.go(4, False); d('ipvsadm -Ln')
out('\n== no server'); p = svc6('rr', W(0)); go(VIP6, p, 1); d('ipvsadm -Ln --stats -t [%s]:%d' % (VIP6, p))
