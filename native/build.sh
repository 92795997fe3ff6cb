#!/bin/sh
# Builds the addon into dist/weir.node (ASAN=1: dist/weir-asan.node, instrumented), and dist/weir-signals.so, which bin/keepalived
# loads before Node. Needs cc and libbpf's headers.
# Node-API's headers come from npm's node-api-headers, else from the node that runs, else from the distribution.
set -eu
cd "$(dirname "$0")"

find_headers() {
  beside=$(node -p 'require("path").resolve(process.execPath, "../../include/node")' 2>/dev/null) || beside=
  for dir in ../node_modules/node-api-headers/include "$beside" /usr/include/node /usr/include/nodejs/src; do
    if [ -n "$dir" ] && [ -r "$dir/node_api.h" ]; then
      echo "$dir"
      return
    fi
  done
  echo "native/build.sh: no node_api.h: run npm install (it brings node-api-headers)" >&2
  return 1
}

command -v "${CC:-cc}" >/dev/null || { echo "native/build.sh: no C compiler: apt-get install gcc libc6-dev" >&2; exit 1; }
headers=$(find_headers)
out=../dist/weir.node
extra=-O2
if [ "${ASAN:-0}" = 1 ]; then
  out=../dist/weir-asan.node
  extra="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"
fi
mkdir -p ../dist
temporary=$out.$$
trap 'rm -f "$temporary"' EXIT
# shellcheck disable=SC2086  # several flags in one word
"${CC:-cc}" -std=c11 $extra -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -D_GNU_SOURCE -DNAPI_VERSION=8 \
  -isystem "$headers" ./*.c -o "$temporary" -lbpf
mv "$temporary" "$out" # at once: a process that has the old one mapped keeps it
"${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -D_GNU_SOURCE preload/*.c -o "$temporary" -ldl
mv "$temporary" ../dist/weir-signals.so
# An addon of its own, so that no command loads PCRE2 but a checker that has an expression.
"${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -D_GNU_SOURCE -DNAPI_VERSION=8 \
  -isystem "$headers" regex/regex.c -o "$temporary" -lpcre2-8
mv "$temporary" ../dist/weir-regex.node
