#!/bin/sh
# sh dev/firm-root.sh FOLDER COMMAND...: runs a command where / is a mount point, in a mount namespace of its own.
# In a bare chroot / is no mount point, and `ip netns exec`, which the labs and the tests need, cannot make its mounts private there.
# Started by `unshare --mount --propagation unchanged`; mounts made here are not visible elsewhere and end with the command.
set -eu
mount --make-rprivate /sys
mount --rbind / /sys/fs
folder=$1
shift
exec chroot /sys/fs sh -c 'mount --make-rprivate / && cd "$1" && shift && exec "$@"' sh "$folder" "$@"
