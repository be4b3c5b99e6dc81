#!/usr/bin/env bash
# Installs what is missing for `build` (the program) or `tests` (everything), and says so. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-build}

command -v swift >/dev/null || {
    echo "setup: no 'swift' on PATH. Install the Swift 6.3 toolchain (https://www.swift.org/install/linux/) and run again." >&2
    exit 1
}

# pkg-config comes first: without it the flags of the system libraries are silently not found.
packages=(pkg-config libsqlite3-dev libssl-dev libargon2-dev zlib1g-dev)
[ "$what" = tests ] && packages+=(python3-venv chromium fonts-noto-cjk gcc libc6-dev openssl)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "setup: installing ${missing[*]} (apt)"
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ "$what" = tests ]; then
    requirements=Tests/python/requirements.txt
    stamp=.venv/$(sha256sum "$requirements" | cut -c1-16)
    if [ ! -e "$stamp" ]; then
        echo "setup: Python packages of $requirements into .venv"
        rm -rf .venv
        python3 -m venv .venv
        .venv/bin/pip install -q --disable-pip-version-check -r "$requirements"
        touch "$stamp"
    fi
fi
