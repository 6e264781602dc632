#!/usr/bin/env bash
# Make .venv when it is not there and install one lock file into it, every file checked by its hash.
set -euo pipefail
lock=$1
python=${PYTHON:-}

stop() { printf 'Cannot go on: %s\n' "$1" >&2; exit 1; }

if [ -z "$python" ]; then # a distribution's own Python is built to be fast, one built by hand seldom is
  python=python3
  /usr/bin/python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && python=/usr/bin/python3
fi
command -v "$python" >/dev/null || stop "there is no $python. Install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "$("$python" --version) is too old: Python 3.11 or newer is needed."

if [ ! -x .venv/bin/pip ]; then
  rm -rf .venv
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; } || stop "Python cannot make environments. Install it as root: apt-get install python3-venv"
    echo "  installing python3-venv"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3-venv >/dev/null; } ||
      stop "apt-get could not install python3-venv. Install it by hand and try again."
  fi
  echo "  making .venv"
  "$python" -m venv .venv
fi
if [ ! -x .venv/bin/uv ]; then
  .venv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock || true
fi
echo "  installing $(grep -cE '^[a-z0-9]' "$lock") libraries from $lock"
if [ -x .venv/bin/uv ] && .venv/bin/uv pip install -q --require-hashes -r "$lock" --python .venv/bin/python; then :; else
  echo "  once more with pip, which takes a minute"
  .venv/bin/pip install -q --disable-pip-version-check --require-hashes -r "$lock" ||
    stop "the libraries could not be installed. Is the network there? Then run the same command again."
fi
