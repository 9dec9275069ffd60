#!/bin/sh
# Installs the Debian packages of the named groups (packages.txt) that are missing.
set -eu
cd "$(dirname "$0")"
missing=
for group in "$@"; do
    for package in $(awk -v group="$group" '$1 == group { print $2 }' packages.txt); do
        if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok'; then
            missing="$missing $package"
        fi
    done
done
[ -n "$missing" ] || exit 0
root=
if [ "$(id -u)" != 0 ]; then
    root=sudo
fi
echo "Installing:$missing"
$root apt-get update -q
# shellcheck disable=SC2086 # a list of names
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -q --no-install-recommends $missing
