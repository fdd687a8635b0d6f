#!/usr/bin/env bash
# Builds and opens the client. Without a display: the demo of three peers, and a picture of the client.
# The dev profile (optimised at level 1), which keeps up with the eye and builds soonest.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${CARGO_TARGET_DIR:-$HOME/.cache/hearth/target}
export CARGO_TARGET_DIR=$out

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  # Both programs, here and below: another selection of packages would build the engine once more.
  cargo build --workspace --bins
  exec "$out/debug/hearth"
fi

echo "No display here: three peers will found a community and chat, then the client is drawn into a picture."
cargo build --workspace --bins
"$out/debug/hearth-cli" demo
picture=$out/hearth.png
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
"$out/debug/hearth" --home "$home" --screenshot "$picture"
echo "The client's picture: $picture"
