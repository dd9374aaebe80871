#!/usr/bin/env bash
# Unpack Postfix and Exim (whose packages exclude each other) and npm's smtp-server into build/servers; install nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=build/servers
packages=(postfix exim4-daemon-light libnss-wrapper)
smtp_server=3

say() { echo "servers: $*"; }

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  say "no apt-get here: Postfix and Exim are unpacked from packages of Debian or Ubuntu; the tests skip them"
elif [ -e "$target/root/.complete" ]; then
  say "Postfix and Exim are there"
else
  say "downloading ${packages[*]}"
  archives=$PWD/$target/archives
  rm -rf "$archives" "$target/root"
  mkdir -p "$archives/partial" "$target/root"
  # One at a time, since they exclude each other; with --reinstall also where one is installed.
  download() {
    apt-get -qq -y -o Debug::NoLocking=1 -o Dir::Cache::archives="$archives" \
      install --download-only --reinstall --no-install-recommends "$1" >/dev/null
  }
  for package in "${packages[@]}"; do
    download "$package" || { apt-get -qq update && download "$package"; } || {
      say "could not download $package: run apt-get update as root, then this again"
      exit 2
    }
  done
  for archive in "$archives"/*.deb; do
    # Through tar, so that nothing unpacked is set-user-id, even for root.
    dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$target/root" --no-same-owner --no-same-permissions
  done
  find "$target/root" -type f -perm /6000 -exec chmod ug-s {} +
  touch "$target/root/.complete"
fi

if ! command -v npm >/dev/null; then
  say "no npm here: install nodejs and npm for smtp-server; the tests skip it"
elif [ -d "$target/node/node_modules/smtp-server" ]; then
  say "smtp-server is there"
else
  say "installing smtp-server"
  mkdir -p "$target/node"
  npm install --prefix "$target/node" --no-audit --no-fund --silent "smtp-server@$smtp_server"
fi
