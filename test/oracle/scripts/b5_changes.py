#!/usr/bin/python3
# What a change of the table does to the order in which servers are chosen: servers that come, go and change their weight, another scheduler.
import sys; sys.path.insert(0, '/job/guest')
from sched import *
build()
out('# every line: a change, then which server each of 16 connections got. TCP, NAT, closed at once.')
def case(sched, ws):
    out('\n== %s %s' % (sched, ' '.join('%s:%d' % w for w in ws)))
    p = svc(sched, ws, show=False); at = '%s:%d' % (VIP, p); R = Run(p)
    def step(text, cmd):
        if cmd: dq(cmd)
        R.go(16, False, label=text)
    edit = lambda n, w: 'ipvsadm -e -t %s -r %s:80 -m -w %d' % (at, RS[n], w)
    step('begin', ''); step('1 weight 5', edit('1', 5)); step('2 weight 0', edit('2', 0)); step('2 weight 2', edit('2', 2))
    step('4 added, weight 3', 'ipvsadm -a -t %s -r %s:80 -m -w 3' % (at, RS['4'])); step('1 deleted', 'ipvsadm -d -t %s -r %s:80' % (at, RS['1']))
    step('1 added again, weight 1', 'ipvsadm -a -t %s -r %s:80 -m -w 1' % (at, RS['1'])); step('all equal', '; '.join(edit(n, 1) for n in '1234'))
    R.counts()
    for s2 in ('rr', 'wrr', 'wlc'): step('scheduler %s' % s2, 'ipvsadm -E -t %s -s %s' % (at, s2))
    step('scheduler %s' % sched, 'ipvsadm -E -t %s -s %s' % (at, sched)); step('4 and 3 deleted', '; '.join('ipvsadm -d -t %s -r %s:80' % (at, RS[n]) for n in '43'))
    R.counts(); dq('ipvsadm -D -t ' + at)
for sched in 'rr wrr lc wlc sed nq fo ovf'.split():
    case(sched, W(1, 1, 1)); case(sched, W(1, 2, 3))
