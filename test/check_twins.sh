#!/bin/sh
# Every source has its twin test, or stands in twins_waiting.txt; and every parser that is fuzzed has seeds.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
waiting=test/twins_waiting.txt
# The folder of unit tests for a source: its floor, its module, main for what is above all floors.
folder() {
    case $1 in
    server/*/*.c | modules/*/*.c) basename "$(dirname "$1")" ;;
    server/*.c) echo main ;;
    edgectl/*.c) echo edgectl ;;
    esac
}
for file in server/*/*.c server/*.c modules/*/*.c edgectl/*.c; do
    [ "$file" != server/main.c ] || continue # not in any archive: the tests have a main of their own
    twin=test/unit/$(folder "$file")/$(basename "$file" .c)_test.c
    waits=$(grep -c "^$file  *[^ ]" "$waiting")
    if [ -f "$twin" ]; then
        [ "$waits" -eq 0 ] || { echo "$file:1: has a twin test now: take it out of $waiting"; bad=1; }
    else
        [ "$waits" -eq 1 ] || { echo "$file:1: no twin test $twin"; bad=1; }
    fi
done
for file in $(sed -n 's/^\([a-z][^ ]*\) .*/\1/p' "$waiting"); do
    [ -f "$file" ] || { echo "$waiting: $file is no file: take it out"; bad=1; }
    case $file in server/base/* | server/proto/* | server/event/*)
        echo "$file:1: on this floor nothing waits"
        bad=1
        ;;
    esac
done
for file in test/fuzz/*_fuzz.c; do
    [ -f "$file" ] || continue
    seeds=test/fuzz/corpus/$(basename "$file" _fuzz.c)
    [ -n "$(find "$seeds" -type f 2>/dev/null | head -n 1)" ] || { echo "$file:1: no seeds in $seeds"; bad=1; }
done
[ $bad -eq 0 ] && echo ok
exit $bad
