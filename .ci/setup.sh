#!/usr/bin/env bash
# Sees to what the system must have: `setup.sh run` to build and open Hearth, `setup.sh test` for the tests as well.
# Debian and Ubuntu: installs what is missing. Fedora and Arch: prints the command. Does nothing when all is there.
set -euo pipefail

purpose=${1:-run}

# Everything graphical is opened by name at run time, so no -dev package is needed but the C library's and ALSA's. CMake
# builds Opus.
declare -A packages=(
  [debian-run]="ca-certificates cmake g++ gcc libasound2-dev libc6-dev make pkg-config libwayland-client0 libxkbcommon0 libxkbcommon-x11-0 libx11-6 libx11-xcb1 libxcursor1 libxi6 libegl1 libvulkan1 mesa-vulkan-drivers"
  [debian-test]="dbus espeak-ng fonts-dejavu-core imagemagick iproute2 openbox picom python3 util-linux weston x11-utils x11-xserver-utils xauth xclip xdotool xfconf xfwm4 xvfb xwayland"
  [fedora-run]="alsa-lib-devel cmake gcc gcc-c++ glibc-devel pkgconf libwayland-client libxkbcommon libxkbcommon-x11 libX11 libX11-xcb libXcursor libXi libglvnd-egl vulkan-loader mesa-vulkan-drivers"
  [fedora-test]="ImageMagick dbus-daemon espeak-ng chromium dejavu-sans-fonts iproute nodejs nodejs-npm openbox picom python3 util-linux weston xclip xdotool xev xfconf xfwm4 xorg-x11-server-Xvfb xorg-x11-server-Xwayland xprop xrandr"
  [arch-run]="alsa-lib cmake gcc pkgconf libx11 libxcursor libxi libxkbcommon libxkbcommon-x11 vulkan-icd-loader vulkan-swrast wayland"
  [arch-test]="chromium dbus espeak-ng imagemagick iproute2 nodejs npm openbox picom python ttf-dejavu util-linux weston xclip xdotool xfconf xfwm4 xorg-server-xvfb xorg-xev xorg-xprop xorg-xrandr xorg-xwayland"
)

has() { command -v "$1" >/dev/null 2>&1; }

family() {
  local id="" id_like=""
  # shellcheck disable=SC1091
  [ -r /etc/os-release ] && { id=$(. /etc/os-release && echo "${ID:-}"); id_like=$(. /etc/os-release && echo "${ID_LIKE:-}"); }
  case " $id $id_like " in
    *" debian "* | *" ubuntu "*) echo debian ;;
    *" fedora "* | *" rhel "*) echo fedora ;;
    *" arch "*) echo arch ;;
    *) echo other ;;
  esac
}

wanted() {
  local list=${packages[$1-run]}
  [ "$purpose" = test ] && list+=" ${packages[$1-test]}"
  echo "$list"
}

missing_on_debian() {
  local name
  for name in $(wanted debian); do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done
  if [ "$purpose" = test ]; then
    # These come from other sources too, under other names: the command is what counts.
    has node || echo nodejs
    has npm || echo npm
    # Ubuntu's chromium is a snap, which needs a running system: there the page's browser test prints a skip.
    if ! has chromium && ! has google-chrome && ! grep -q '^ID=ubuntu' /etc/os-release; then echo chromium; fi
  fi
}

rust() {
  if ! has cargo; then
    echo "Hearth is built with Rust, which is not here. Install it from https://rustup.rs and run this again." >&2
    exit 1
  fi
  [ "$purpose" = test ] || return 0
  if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
    if has rustup && rustup component add rustfmt clippy; then return 0; fi
    echo "The tests need rustfmt and clippy:  rustup component add rustfmt clippy" >&2
    exit 1
  fi
}

debian() {
  local missing
  missing=$(missing_on_debian | tr '\n' ' ')
  missing=${missing% }
  [ -n "$missing" ] || return 0
  local as_root=""
  [ "$(id -u)" -eq 0 ] || as_root="sudo "
  local install="apt-get install -y --no-install-recommends $missing"
  echo "Hearth needs these system packages, which are missing: $missing"
  if [ "${CI:-}" != true ] && [ -t 0 ] && [ -t 1 ] && { [ -z "$as_root" ] || has sudo; }; then
    echo "The command: $as_root$install"
    read -r -p "Run it now? [Y/n] " answer
    case "$answer" in [nN]*) exit 1 ;; esac
  elif [ -n "$as_root" ]; then
    echo "Run this once, then try again:  sudo apt-get update && sudo $install" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  ${as_root}apt-get update -q && $as_root$install
}

# Fedora and Arch: say what to run. $1 family, $2 the command, the rest: what is missing.
say() {
  local command=$1
  shift
  [ $# -gt 0 ] || return 0
  echo "Hearth needs these system packages. Run this once, then try again:" >&2
  echo "  sudo $command $*" >&2
  exit 1
}

rust
case $(family) in
  debian) debian ;;
  fedora)
    # shellcheck disable=SC2046,SC2086
    say "dnf install" $(for name in $(wanted fedora); do rpm -q --whatprovides "$name" >/dev/null 2>&1 || echo "$name"; done) ;;
  arch)
    # shellcheck disable=SC2046
    say "pacman -S --needed" $(pacman -T $(wanted arch) 2>/dev/null || true) ;;
  *)
    if ! has cc; then
      echo "Hearth needs a C compiler, Wayland or X11 libraries and a Vulkan driver. This system's package names are" >&2
      echo "not known here; on Debian they are:  ${packages[debian-run]}" >&2
      exit 1
    fi ;;
esac
