#!/usr/bin/python3
# Answers of direct routing that come by the director, with and without accept_local, rp_filter and hops: the stack drops some before IPVS sees them.
# ICMP errors about connections of a server that was removed. Connections that end before their service becomes persistent, or after it was. And those
# that schedule_icmp begins by an ICMP error about none.
import sys; sys.path.insert(0, '/job/guest')
from histories import Bed, History
from tb import *
bed = Bed(); number = [200]
def case(title, six, settings=(), method='DR'):
    number[0] += 1; h = History(bed, number[0], method, 'TCP', six); out('\n== %s, %s, %s' % (method, 'IPv6' if six else 'IPv4', title))
    dq('ipvsadm -A %s -s rr' % h.at); dq('ipvsadm -a %s %s %s' % (h.at, h.server(1), h.flag)); dq('ipvsadm -a %s %s %s' % (h.at, h.server(2), h.flag))
    for s in settings: d('sysctl -w ' + s)
    return h
def done(h, *back):
    d('ipvsadm -Ln %s | tail -n +4' % h.at)
    for s in back: dq('sysctl -qw ' + s)
    dq('ipvsadm -D %s' % h.at)
ACCEPT = 'net.ipv4.conf.all.accept_local'; STRICT = 'net.ipv4.conf.eth1.rp_filter'
for six in (False, True):
    for title, settings, back in (('accept_local', (ACCEPT + '=1',), ()), ('no accept_local', (ACCEPT + '=0',), (ACCEPT + '=1',)),
                                  ('rp_filter is strict', (STRICT + '=1',), (STRICT + '=0',)), ('rp_filter is loose', (STRICT + '=2',), (STRICT + '=0',))):
        for last in ('SA', 'RA', 'FA'):
            h = case(title, six, settings); f = h.flows[0]
            h.from_client(f, 'S'); h.from_server(f, 'SA'); h.from_client(f, 'A')
            h.from_server(f, last); h.from_client(f, 'A'); done(h, *back)
    for hops in (1, 2):
        h = case('%d hops' % hops, six); f = h.flows[0]
        h.from_client(f, 'S'); h.from_client(f, 'A'); h.from_server(f, 'RA', hops=hops, note=' with %d hops' % hops); done(h)
for method in ('NAT', 'DR', 'TUN'):
    for six in (False, True):
        for what in ('server', 'service'):
            h = case('a %s that was removed' % what, six, (), method); f = h.flows[0]
            h.from_client(f, 'S'); h.from_client(f, 'A'); h.client_error(f)
            if what == 'server': dq('ipvsadm -d %s %s' % (h.at, h.server(2)))
            else: dq('ipvsadm -D %s' % h.at)
            h.client_error(f, ' afterwards'); done(h)
for method in ('NAT', 'DR'):
    for six in (False, True):
        for persistent in (False, True):
            h = case('schedule_icmp, persistent' if persistent else 'schedule_icmp', six, ('net.ipv4.vs.schedule_icmp=1',), method); f = h.flows[0]
            if persistent: dq('ipvsadm -E %s -s rr -p 100' % h.at)
            h.client_error(f, ', about no connection'); h.from_client(f, 'A', note=' after it'); h.from_client(f, 'S', note=' after it')
            h.client_error(h.flows[1], ', about no connection'); h.client_error(h.flows[1], ' again'); h.from_server(h.flows[1], 'SA', note=' after it')
            h.client_error(h.flows[2], ', about no connection'); time.sleep(4); h.from_client(h.flows[2], 'A', note=' later')
            d('ipvsadm -Lcn | grep -c ":%d " || true' % h.port); done(h, 'net.ipv4.vs.schedule_icmp=0')
for six in (False, True):
    for edit, title in (('-p 100', 'it becomes persistent'), ('', 'it is persistent no longer')):
        h = case(title, six, (), 'NAT'); f = h.flows[0]
        if not edit: dq('ipvsadm -E %s -s rr -p 100' % h.at)
        h.from_client(f, 'S'); h.from_client(f, 'A'); h.from_client(f, 'R'); d('ipvsadm -E %s -s rr %s' % (h.at, edit))
        h.from_client(f, 'S'); h.from_client(h.flows[2], 'S'); done(h)
