#!/bin/sh
# Lets every fuzz driver of a build search for some seconds each, starting from its seeds.
#   fuzz_short.sh BUILD SECONDS
# New findings and a growing corpus stay in BUILD/fuzz/; the last line is "N passed, N failed".
set -u
build=$1
seconds=$2
source=$(cd "$(dirname "$0")/.." && pwd)
passed=0
failed=0
for file in "$source"/test/fuzz/*_fuzz.c; do
    name=$(basename "$file" _fuzz.c)
    mkdir -p "$build/fuzz/corpus/$name"
    seeds=$source/test/fuzz/corpus/$name
    [ -d "$seeds" ] || seeds=
    # shellcheck disable=SC2086
    if "$build/fuzz/${name}_fuzz" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="$build/fuzz/$name-" "$build/fuzz/corpus/$name" $seeds >"$build/fuzz/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok     $name: $(sed -n 's/^Done \([0-9]* runs\).*/\1/p' "$build/fuzz/$name.log")"
    else
        failed=$((failed + 1))
        echo "FAILED $name:"
        tail -n 40 "$build/fuzz/$name.log" | sed 's/^/    /'
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
