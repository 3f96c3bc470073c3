#!/bin/sh
# Runs the system tests against a build and adds up their counts. The last line is "N passed, N failed".
#   run.sh [BUILD_DIR] [dialogue] [client] [crash] [system] [console]      default: $EDGE_BUILD, all
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${EDGE_BUILD:-$PWD}
case ${1-} in
'' | dialogue | client | crash | system | console) ;;
*) build=$1; shift ;;
esac
[ -x "$build/bin/edged" ] || { echo "run.sh: there is no edged in $build" >&2; exit 2; }
build=$(cd "$build" && pwd)
EDGE_BUILD=$build
PYTHONDONTWRITEBYTECODE=1
export EDGE_BUILD PYTHONDONTWRITEBYTECODE
passed=0
failed=0
# Suites wait more than they work: so many run side by side.
side_by_side=${EDGE_TEST_SIDE_BY_SIDE:-3}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/edge-system.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
begun=0
shown=0

# The servers under test choose their own options where they differ from these.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:exitcode=99}"

# Begins a suite; when enough are running, one has to end first, whichever it is.
suite() {
    show_ended $((side_by_side - 1))
    begun=$((begun + 1))
    echo "$1" >"$scratch/$begun.name"
    shift
    { "$@" >"$scratch/$begun.out" 2>&1; echo "exit status $?" >"$scratch/$begun.ending"; mv "$scratch/$begun.ending" "$scratch/$begun.status"; } &
}

# Shows the suites that have ended, and waits until no more than $1 are running.
show_ended() {
    while :; do
        for file in "$scratch"/*.status; do
            [ -e "$file" ] && show_suite "$(basename "$file" .status)"
        done
        [ $((begun - shown)) -gt "$1" ] || break
        sleep 0.2
    done
}

# What it printed; adds its count, a last line "NAME: N passed, N failed". One without that line is a failure.
show_suite() {
    ended=$1
    name=$(cat "$scratch/$ended.name")
    mv "$scratch/$ended.status" "$scratch/$ended.seen"
    shown=$((shown + 1))
    echo "-- $name"
    cat "$scratch/$ended.out"
    counts=$(sed -n 's/^[^:]*: \([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed.*/\1 \2/p' "$scratch/$ended.out" | tail -n 1)
    good=${counts% *}
    bad=${counts#* }
    sed -n "s/^skipped /not run: $name: /p" "$scratch/$ended.out" >>"$scratch/skipped"
    if [ -z "$counts" ]; then
        good=0
        bad=1
        echo "FAILED $name gave no count"
    elif [ "$bad" -eq 0 ] && ! grep -qx 'exit status 0' "$scratch/$ended.seen"; then
        bad=1
        echo "FAILED $name: $(cat "$scratch/$ended.seen")"
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
}

run_dialogue() {
    suite dialogue "$here/dialogue/run.py" --build "$build"
    suite 'dialogue, every phase held' "$here/dialogue/run.py" --build "$build" --hold hold_every
    suite 'dialogue, every phase in a thread' "$here/dialogue/run.py" --build "$build" --hold blocking_every
    if "$here/dialogue/check_rows.py"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

run_client() {
    suite client "$here/client/clients.py" --build "$build"
    suite 'client, secure' "$here/client/secure.py" --build "$build"
    suite 'client, web' "$here/client/web.py" --build "$build"
}

run_crash() {
    suite crash "$here/crash/crash.py" --build "$build"
    suite 'crash, every phase held' "$here/crash/crash.py" --build "$build" --hold hold_every --rounds 4 kill_child kill_both reload_under_load slow_peers
    suite 'crash, two in a row' "$here/crash/relay_crash.py" --build "$build"
}

run_system() {
    for test in "$here"/system/*_test.py; do
        [ -e "$test" ] || continue
        suite "$(basename "$test" .py)" python3 "$test" --build "$build"
    done
}

# In a real browser; it needs node and chromium, and what test/console/package-lock.json names.
run_console() {
    if ! command -v node >/dev/null && [ -z "${EDGE_TEST_ALL:-}" ]; then
        echo "not run: console: node is not installed" >>"$scratch/skipped"
        return
    fi
    suite console node "$here/console/console.mjs" --build "$build"
}

[ $# -gt 0 ] || set -- console dialogue client crash system
for part in "$@"; do
    case $part in
    dialogue | client | crash | system | console) "run_$part" ;;
    *) echo "run.sh: no such part: $part" >&2; exit 2 ;;
    esac
done
show_ended 0
cat "$scratch/skipped" 2>/dev/null
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
