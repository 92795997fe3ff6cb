#!/usr/bin/python3
# sh, mh and dh: which server each of 60 clients gets, with weights, flags, and servers that leave, come back or are full.
import sys; sys.path.insert(0, '/job/guest')
from sched import *
build()
SRC = ['10.0.1.%d' % (10 + i) for i in range(60)]
out('# each character is the server that answered the client 10.0.1.10, .11, .. .69; - or words in brackets: none. Connections are closed at once.')
CASES = [(W(1, 1, 1), 'weights 1'), (W(1, 2, 3), 'weights 1 2 3'), (W(5, 1, 3, 0, 2), 'weights 5 1 3 0 2'), (W(7), 'one server')]
for sched, flags in (('sh', ''), ('sh', '-b sh-fallback'), ('sh', '-b sh-port'), ('sh', '-b sh-port,sh-fallback'),
                     ('mh', ''), ('mh', '-b mh-fallback'), ('mh', '-b mh-port'), ('mh', '-b mh-port,mh-fallback')):
    for ws, label in CASES:
        out('\n== %s %s %s' % (sched, flags, label)); p = svc(sched, ws, flags, show=False); R = Run(p); R.step = 100
        R.many(SRC, label='clients'); R.counts()
        if label == 'weights 1 2 3':
            at = '%s:%d' % (VIP, p)
            dq('ipvsadm -e -t %s -r %s:80 -m -w 0' % (at, RS['2'])); R.many(SRC, label='2 quiesced')
            dq('ipvsadm -e -t %s -r %s:80 -m -w 2' % (at, RS['2'])); R.many(SRC, label='2 back')
            dq('ipvsadm -d -t %s -r %s:80' % (at, RS['1'])); R.many(SRC, label='1 deleted')
            dq('ipvsadm -a -t %s -r %s:80 -m -w 1' % (at, RS['1'])); R.many(SRC, label='1 added again')
            dq('ipvsadm -e -t %s -r %s:80 -m -w 5' % (at, RS['1'])); R.many(SRC, label='1 with weight 5')
            dq('ipvsadm -a -t %s -r %s:80 -m -w 4' % (at, RS['4'])); R.many(SRC, label='4 added')
            R.counts()
        dq('ipvsadm -D -t %s:%d' % (VIP, p))

out('\n# --- dh: one server for each address of a service; services on many addresses with the same servers')
VIPS = ['10.0.1.%d' % (110 + i) for i in range(24)]
for v in VIPS: dq('ip addr add %s/32 dev eth0' % v)
for ws, label in CASES:
    ports = iter(range(30000, 40000))
    for v in VIPS:
        dq('ipvsadm -A -t %s:80 -s dh' % v)
        for n, w in ws: dq('ipvsadm -a -t %s:80 -r %s:80 -m -w %d' % (v, RS[n], w))
    def visit(text):
        r = []
        for v in VIPS:
            s, a = conn(v, 80, '10.0.1.10', next(ports)); r.append(a)
            if s is not None: close(s)
        out('%s: %s' % (text, seq(r)))
    out('\n== dh %s' % label); visit('addresses'); visit('again')
    for v in VIPS: dq('ipvsadm -e -t %s:80 -r %s:80 -m -w 0' % (v, RS['1']))
    visit('1 quiesced')
    for v in VIPS: dq('ipvsadm -D -t %s:80' % v)
