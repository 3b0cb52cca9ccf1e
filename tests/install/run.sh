#!/usr/bin/env bash
# Installs a build into a new prefix, moves it, and builds and runs main.cc against it with CMake and with pkg-config.
#   run.sh BUILD_DIR CMAKE GENERATOR CXX CXXFLAGS
set -euo pipefail
build=$1 cmake=$2 generator=$3 cxx=$4 flags=$5
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/prefix"  # nothing installed may name the place it was installed to
prefix=$work/prefix

echo "== CMake"
"$cmake" -S "$here" -B "$work/cmake" -G "$generator" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_CXX_FLAGS="$flags" >"$work/configure.log"
"$cmake" --build "$work/cmake"
"$work/cmake/consumer"

echo "== pkg-config"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name elman.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046,SC2086  # the flags are lists of words
"$cxx" -std=c++20 $flags $(pkg-config --cflags elman) "$here/main.cc" $(pkg-config --libs elman) -o "$work/consumer"
LD_LIBRARY_PATH=$(pkg-config --variable=libdir elman) "$work/consumer"

if [[ -x $prefix/bin/elman ]]; then
  echo "== tool"
  "$prefix/bin/elman" --version
fi
