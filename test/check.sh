#!/bin/sh
# Runs the tests of a build and adds up their counts. The last line is "N passed, N failed"; exit 0 when none failed.
#   check.sh [unit] [seeds] [source] [install] [system] [dialogue]      default: all but the last
# `system` is all of test/run.sh, `dialogue` only its dialogues.
# EDGE_BUILD is the build tree (default: here), EDGE_SOURCE the source tree.
set -u
EDGE_BUILD=${EDGE_BUILD:-$PWD}
EDGE_SOURCE=${EDGE_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
export EDGE_BUILD EDGE_SOURCE
passed=0
failed=0
out=$(mktemp "${TMPDIR:-/tmp}/edge-check.XXXXXX") || exit 1
trap 'rm -f "$out" "$out.status"' EXIT
trap 'exit 130' INT TERM

# Every wrong access and every race ends the program that made it.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:exitcode=99}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:exitcode=66:second_deadlock_stack=1}"

# One cmocka program: its TAP lines are counted; one that ends badly without a failed line counts as one failure.
run_unit() {
    name=$1
    CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$EDGE_BUILD/unit/$name" >"$out" 2>&1
    status=$?
    ok=$(grep -c '^ok ' "$out")
    bad=$(grep -c '^not ok ' "$out")
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    [ "$ok" -gt 0 ] || [ "$bad" -gt 0 ] || bad=1
    passed=$((passed + ok))
    failed=$((failed + bad))
    if [ "$bad" -gt 0 ]; then
        echo "FAILED unit/$name (exit $status):"
        grep -v '^ok ' "$out" | tail -n 60 | sed 's/^/    /'
    else
        echo "ok     unit/$name ($ok)"
    fi
}

# Only tests whose source still exists: a build tree may hold older programs.
check_unit() {
    for file in "$EDGE_SOURCE"/test/unit/*/*_test.c; do
        [ -e "$file" ] || continue
        name=${file#"$EDGE_SOURCE"/test/unit/}
        run_unit "${name%.c}"
    done
    if timeout 300 "$EDGE_BUILD/crash/spool_crash_test" 6 >"$out" 2>&1; then
        passed=$((passed + 1))
        echo "ok     $(tail -n 1 "$out")"
    else
        failed=$((failed + 1))
        echo "FAILED spool_crash_test:"
        tail -n 40 "$out" | sed 's/^/    /'
    fi
}

# Every driver over its seeds and what earlier searches found.
check_seeds() {
    for file in "$EDGE_SOURCE"/test/fuzz/*_fuzz.c; do
        [ -e "$file" ] || continue
        name=$(basename "$file" _fuzz.c)
        # shellcheck disable=SC2046
        if timeout 300 "$EDGE_BUILD/fuzz/${name}_fuzz" $(find "$EDGE_SOURCE/test/fuzz/corpus/$name" -type f 2>/dev/null) >"$out" 2>&1; then
            passed=$((passed + 1))
            echo "ok     seeds of $name"
        else
            failed=$((failed + 1))
            echo "FAILED seeds of $name:"
            tail -n 40 "$out" | sed 's/^/    /'
        fi
    done
}

check_source() {
    for name in lists floors pure rows twins; do
        if "$EDGE_SOURCE/test/check_$name.sh" >"$out" 2>&1; then
            passed=$((passed + 1))
            echo "ok     check_$name"
        else
            failed=$((failed + 1))
            echo "FAILED check_$name:"
            sed 's/^/    /' "$out"
        fi
    done
}

# An installed edged, and a module built against it outside the source tree.
check_install() {
    if "$EDGE_SOURCE/test/check_install.sh" "$EDGE_BUILD" >"$out" 2>&1; then
        sed -n 's/^ok/ok    /p' "$out"
    else
        echo "FAILED check_install:"
        sed 's/^/    /' "$out"
        failed=$((failed + 1))
    fi
    passed=$((passed + $(grep -c '^ok' "$out")))
}

# Programs that print what they did and end with "N passed, N failed".
check_system() {
    [ -x "$EDGE_SOURCE/test/run.sh" ] || return 0
    { "$EDGE_SOURCE/test/run.sh" "$@" 2>&1; echo "exit status $?" >"$out.status"; } | tee "$out"
    counts=$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed.*/\1 \2/p' "$out" | tail -n 1)
    if [ -z "$counts" ]; then
        echo "FAILED test/run.sh gave no count"
        failed=$((failed + 1))
        return
    fi
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
    if [ "${counts#* }" -eq 0 ] && ! grep -qx 'exit status 0' "$out.status"; then
        echo "FAILED test/run.sh: $(cat "$out.status")"
        failed=$((failed + 1))
    fi
}

check_dialogue() { check_system dialogue; }

[ $# -gt 0 ] || set -- unit seeds source install system
for part in "$@"; do
    case $part in
    unit | seeds | source | install | system | dialogue) "check_$part" ;;
    *) echo "check.sh: no such part: $part" >&2; exit 2 ;;
    esac
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
