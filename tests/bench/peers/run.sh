#!/bin/sh
# Installs ONNX Runtime into build/peers and compares it with ghostbench. See README.md here.
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
exec node tests/bench/peers/main.js "$BUILD" results/peers
