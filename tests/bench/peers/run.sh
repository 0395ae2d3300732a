#!/bin/sh
# Installs ONNX Runtime into build/peers and compares it with ghostbench; then oneDNN, layer by layer,
# where it is installed. See README.md here.
# usage: BUILD=build tests/bench/peers/run.sh
set -eu
cd "$(dirname "$0")/../../.."
BUILD=${BUILD:-build}
there=$BUILD/peers
mkdir -p "$there" results/peers
if ! cmp -s tests/bench/peers/package.json "$there/package.json" ||
  [ ! -d "$there/node_modules/onnxruntime-node" ]; then
  echo "Installing onnxruntime-node into $there" >&2
  cp tests/bench/peers/package.json "$there/package.json"
  # Its script would fetch libraries for GPUs; those for the CPU are in the package.
  if ! npm install --prefix "$there" --ignore-scripts --no-audit --no-fund --silent >&2; then
    rm -f "$there/package.json"
    echo "$0: npm could not install onnxruntime-node. Is there a network?" >&2
    exit 2
  fi
fi
code=0
node tests/bench/peers/main.js "$BUILD" results/peers || code=$?
if [ "${PEERS_LAYERS:-1}" = 1 ] && echo '#include <dnnl.h>' | ${CC:-gcc} -E -x c - >/dev/null 2>&1; then
  echo
  ${CC:-gcc} -std=c11 -O2 tests/bench/peers/onednn.c -ldnnl -o "$there/onednn"
  node tests/bench/peers/layers.js "$BUILD" results/peers || code=$?
fi
exit $code
