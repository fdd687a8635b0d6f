#!/usr/bin/env bash
# All checks, each as a section that prints its seconds; goes on past a failed one and names it at the end.
# SECTIONS="tidy net" runs those alone.
set -uo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/hearth/target}
export PYTHONDONTWRITEBYTECODE=1
SKIPPED=77 # what a script ends with when the system does not let it run

passed=0 failed=0 skipped=0 failures=()

section() {
  local name=$1
  shift
  [ -z "${SECTIONS:-}" ] || [[ " $SECTIONS " == *" $name "* ]] || return 0
  local start=$SECONDS code=0
  printf '\n== %s\n' "$name"
  "$@" </dev/null || code=$?
  case $code in
    0) passed=$((passed + 1)) ;;
    "$SKIPPED") skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) failures+=("$name") ;;
  esac
  printf '== %s: %d s, %s\n' "$name" $((SECONDS - start)) "$([ $code = 0 ] && echo passed || { [ $code = $SKIPPED ] && echo skipped || echo FAILED; })"
}

# Every folder with a package.json, its packages as its lock file says.
web() {
  local manifest folder
  for manifest in web/*/package.json tests/*/package.json; do
    [ -e "$manifest" ] || continue
    folder=$(dirname "$manifest")
    echo "-- $folder"
    if [ -e "$folder/package-lock.json" ] && [ ! "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then
      (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) || return 1
    fi
    (cd "$folder" && npm test --silent) || return 1
  done
}

section tidy cargo xtask tidy
section format cargo fmt --all --check
section lints cargo clippy --workspace --all-targets --quiet -- -D warnings
# With the tests' targets too: alone, the programs would be built with other features, and the engine twice.
section build cargo build --workspace --bins --tests --examples
section rust cargo test --workspace
section web web
for script in tests/net/*.py tests/voice/*.py tests/app/*.py; do
  # Libraries beside the scripts are not executable.
  [ -x "$script" ] && section "$script" timeout --kill-after=10 1200 python3 "$script"
done

printf '\n'
[ ${#failures[@]} = 0 ] || printf 'failed: %s\n' "${failures[@]}"
printf 'sections: %d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed = 0 ] && [ $passed -gt 0 ]
