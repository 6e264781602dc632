#!/usr/bin/env bash
# What the browser and PostgreSQL tests need: installed with apt when missing and allowed, else said plainly.
set -euo pipefail
missing=()
command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || missing+=(chromium-headless-shell)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || [ -n "${TEST_DATABASE_URL:-}" ] || missing+=(postgresql-15)
ldconfig -p | grep -q 'libatomic\.so\.1' || missing+=(libatomic1) # Playwright's driver needs it
[ ${#missing[@]} = 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  printf '==> Installing %s (about half a minute)\n' "${missing[*]}"
  if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null; then
    exit 0
  fi
fi
for package in "${missing[@]}"; do
  case $package in
    chromium-headless-shell | libatomic1) what="the browser tests (tests/e2e)" ;;
    *) what="the PostgreSQL half of the tests" ;;
  esac
  printf 'Skipping %s: install %s as root (apt-get install %s) to run them.\n' "$what" "$package" "$package" >&2
done
