#!/bin/sh
# The benchmarks of a build: run.sh [options of bench.py]; EDGE_BUILD is the build tree. make bench writes docs/BENCHMARKS.md.
here=$(cd "$(dirname "$0")" && pwd)
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
if [ $# -eq 0 ]; then
    set -- --write "$here/../../docs/BENCHMARKS.md"
fi
exec "$here/bench.py" --build "${EDGE_BUILD:-$PWD}" "$@"
