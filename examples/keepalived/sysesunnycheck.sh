#!/bin/sh
# sysesunnycheck.sh ADDRESS: whether the site sys.esunny.com works on this server. For MISC_CHECK.
curl --silent --fail --max-time 4 --header 'Host: sys.esunny.com' "http://$1/monitor.html" | grep -q '<body>OK</body>'
