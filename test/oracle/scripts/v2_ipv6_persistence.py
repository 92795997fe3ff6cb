#!/usr/bin/python3
# IPv6 persistence: prefixes of clients, templates in listings, quiesced and deleted servers, port 0, thresholds, what becomes of open connections.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
build(3, tcpports=(80, 81, 443, 8080), udpports=(53,))
RS6 = {str(i): '2001:db8:2::%x' % (16 + i) for i in range(1, 4)}
SRC6 = ['2001:db8:1::%x' % (16 + i) for i in range(10)]
base = [20000]; port = [1100]
def service(extra, p=None, rport=80, proto='t', servers='123', dextra=''):
    if p is None: port[0] += 1; p = port[0]
    d('ipvsadm -A -%s [%s]:%d -s rr %s' % (proto, VIP6, p, extra))
    for n in servers: dq('ipvsadm -a -%s [%s]:%d -r [%s]:%d -m %s' % (proto, VIP6, p, RS6[n], rport, dextra))
    return p
def go(p, label, srcs=SRC6, keep=False):
    r = []; k = []
    for s_ in srcs:
        base[0] += 1; s, a = conn(VIP6, p, s_, base[0]); r.append(a)
        if keep: k.append((a, s))
        else: close(s)
    out('%s: %s' % (label, seq(r))); return k
def show(p, what='ipvsadm -Ln'): time.sleep(.05); d('%s -t [%s]:%d' % (what, VIP6, p))
def templates(): d("ipvsadm -Lcn | sed 's/[0-9]*:[0-9]* *NONE/T NONE/; s/[0-9]*:[0-9]* *ASSURED/T ASSURED/' | grep -E ' T (NONE|ASSURED)' | sort")
out('\n== templates in listings'); p = service('-p 100 -M 126', 443, 443); go(p, 'five clients', SRC6[:5]); templates(); d('ipvsadm -Sn'); d('grep -A1 FWM /proc/net/ip_vs; grep persistent /proc/net/ip_vs'); dq('ipvsadm -C')
for mask in ('', ' -M 64', ' -M 126', ' -M 127', ' -M 128'):
    out('\n== rr -p 100%s' % mask); p = service('-p 100' + mask); go(p, 'ten clients'); go(p, 'again'); show(p); show(p, 'ipvsadm -Ln --persistent-conn')
    dq('ipvsadm -e -t [%s]:%d -r [%s]:80 -m -w 0' % (VIP6, p, RS6['1'])); go(p, '1 quiesced')
    dq('sysctl -qw net.ipv4.vs.expire_quiescent_template=1'); go(p, 'expire_quiescent_template'); dq('sysctl -qw net.ipv4.vs.expire_quiescent_template=0')
    dq('ipvsadm -d -t [%s]:%d -r [%s]:80' % (VIP6, p, RS6['2'])); go(p, '2 deleted'); show(p, 'ipvsadm -Ln --persistent-conn'); dq('ipvsadm -D -t [%s]:%d' % (VIP6, p))
out('\n== refused prefixes'); [d('ipvsadm -A -t [%s]:%d -s rr -p 100 -M %s' % (VIP6, 2000 + i, m)) for i, m in enumerate(('0', '129', '200', '255.255.255.0', 'x', '-1'))]; d('ipvsadm -Sn'); dq('ipvsadm -C')
out('\n== port 0: one template for all ports'); p = service('-p 100', 0, 0)
for q in (80, 443, 8080): go(q, 'port %d' % q)
d('ipvsadm -Ln -t [%s]:0' % VIP6); d('ipvsadm -Ln --persistent-conn -t [%s]:0' % VIP6); dq('ipvsadm -C')
out('\n== the time runs out'); p = service('-p 2'); dq('ipvsadm --set 0 1 0'); go(p, 'four clients', SRC6[:4]); time.sleep(7); go(p, 'seven seconds later, the first', SRC6[:1]); go(p, 'all four', SRC6[:4]); dq('ipvsadm --set 900 120 300'); dq('ipvsadm -C')
out('\n== thresholds'); p = service('-p 100', dextra='-x 2'); k = go(p, 'opened', SRC6[:8], True); show(p, 'ipvsadm -Ln --thresholds'); show(p); go(p, 'more', SRC6[:8])
for a, s in k: close(s)
dq('ipvsadm -C')
out('\n== UDP'); p = service('-p 100', rport=53, proto='u'); out(seq([udp(VIP6, p, s, 24000 + i)[1] for i, s in enumerate(SRC6)])); out(seq([udp(VIP6, p, s, 25000 + i)[1] for i, s in enumerate(SRC6)])); d('ipvsadm -Ln --persistent-conn -u [%s]:%d' % (VIP6, p))
