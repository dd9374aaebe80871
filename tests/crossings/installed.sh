#!/bin/sh
# installed.sh ROOT COMMAND…: run it as if what was unpacked in ROOT were installed: in a mount namespace of its own, ROOT
# laid over /usr, /etc and /var, with a /run of its own; what is written there is forgotten at the end, but for /var/tmp.
set -e
root=$1
shift
mount -t tmpfs tmpfs /mnt
# Folders of tests stay what they are.
mkdir /mnt/tmp
mount --bind /var/tmp /mnt/tmp
for folder in etc var usr; do
  mkdir -p "/mnt/$folder/new" "/mnt/$folder/work"
  mount -t overlay overlay -o "lowerdir=$root/$folder:/$folder,upperdir=/mnt/$folder/new,workdir=/mnt/$folder/work" "/$folder"
done
mount --bind /mnt/tmp /var/tmp
mount -t tmpfs tmpfs /run
exec "$@"
