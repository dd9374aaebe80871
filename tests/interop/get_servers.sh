#!/usr/bin/env bash
# Unpack mail servers and readers of Debian (whose packages exclude each other), npm and PyPI; install nothing on the system.
# Those of the tests go to build/servers; `get_servers.sh crossings` gets those of `make crossings` into build/crossings.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=build/servers
wheels=()
packages=(postfix exim4-daemon-light libnss-wrapper nginx libnginx-mod-mail dovecot-submissiond dovecot-imapd
  sendmail-bin sendmail-cf m4 sasl2-bin libsasl2-modules qpsmtpd
  spamassassin notmuch s-nail libemail-mime-perl libmime-tools-perl)
# npm's, servers and readers, at the versions that docs/interop.md tells.
modules=(smtp-server@3.21.6 Haraka@3.3.4 mailparser@3.14.2 postal-mime@4.0.0)
if [ "${1:-}" = crossings ]; then
  target=build/crossings
  packages=(courier-mta courier-authlib-userdb opensmtpd stunnel4 haproxy chasquid golang-go
    golang-github-emersion-go-smtp-dev golang-github-emersion-go-sasl-dev neomutt maildir-utils ripmime mblaze ruby-mail php-mailparse proxsmtp)
  modules=(maildev@3.0.0 smtp-tester@2.1.0 emailjs-mime-parser@2.0.7 letterparser@0.1.8)
  wheels=(mail-devel==0.18.1 maildump==1.0 mail-parser==4.8.0 eml_parser==4.4.0 flanker==0.9.11 imap-tools==1.16.0
    # Which asks for zope.interface by a name that newer ones no longer have.
    python-slimta==5.0.5 zope.interface==6.0 zope.event==4.6)
fi

say() { echo "servers: $*"; }

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  say "no apt-get here: these servers are unpacked from packages of Debian or Ubuntu; the tests skip them"
elif [ "$(cat "$target/root/.complete" 2>/dev/null)" = "${packages[*]}" ]; then
  say "Debian's are there"
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
  if [ "$target" = build/crossings ]; then
    # These run as if they were installed, laid over /usr, which holds bin and lib today.
    for folder in bin sbin lib; do
      if [ -d "$target/root/$folder" ]; then
        mkdir -p "$target/root/usr/$folder"
        cp -a "$target/root/$folder/." "$target/root/usr/$folder/"
        rm -rf "${target:?}/root/$folder"
      fi
    done
  fi
  find "$target/root" -type f -perm /6000 -exec chmod ug-s {} +
  echo "${packages[*]}" >"$target/root/.complete"
fi

if ! command -v npm >/dev/null; then
  say "no npm here: install nodejs and npm for ${modules[*]}; the tests skip them"
elif [ "$(cat "$target/node/.complete" 2>/dev/null)" = "${modules[*]}" ]; then
  say "npm's are there"
else
  say "installing ${modules[*]}"
  mkdir -p "$target/node"
  npm install --prefix "$target/node" --no-audit --no-fund --silent "${modules[@]}"
  echo "${modules[*]}" >"$target/node/.complete"
fi

if [ ${#wheels[@]} -gt 0 ] && [ "$(cat "$target/python/.complete" 2>/dev/null)" != "${wheels[*]}" ]; then
  say "installing ${wheels[*]}"
  rm -rf "$target/python"
  python3 -m venv "$target/python"
  "$target/python/bin/python" -m pip install --quiet --disable-pip-version-check "${wheels[@]}"
  echo "${wheels[*]}" >"$target/python/.complete"
fi
