#!/bin/sh
# Every source of base, proto and event has its twin test, and every parser that is fuzzed has seeds.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
for floor in base proto event; do
    for file in server/$floor/*.c; do
        [ -f "$file" ] || continue
        twin=test/unit/$floor/$(basename "$file" .c)_test.c
        [ -f "$twin" ] || { echo "$file:1: no twin test $twin"; bad=1; }
    done
done
for file in test/fuzz/*_fuzz.c; do
    [ -f "$file" ] || continue
    seeds=test/fuzz/corpus/$(basename "$file" _fuzz.c)
    [ -n "$(find "$seeds" -type f 2>/dev/null | head -n 1)" ] || { echo "$file:1: no seeds in $seeds"; bad=1; }
done
[ $bad -eq 0 ] && echo ok
exit $bad
