#!/bin/sh
# Every source file stands in a list of the makefile, and every name in a list is a file.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0

# list NAME: the words of that variable, joined over continued lines.
list() {
    awk -v name="$1" '
        !on && $1 == name && $2 == "=" { on = 1; sub(/^[^=]*=/, "") }
        on { line = $0; more = sub(/\\$/, "", line); print line; if (!more) exit }' Makefile.in
}

# compare VARIABLE DIRECTORY EXCEPT
compare() {
    for name in $(list "$1"); do
        [ -f "$2/$name.c" ] || { echo "Makefile.in: $1 names $name, but there is no $2/$name.c"; bad=1; }
    done
    for file in "$2"/*.c; do
        [ -f "$file" ] || continue
        name=$(basename "$file" .c)
        [ "$name" != "$3" ] || continue
        list "$1" | tr -s '[:blank:]' '\n' | grep -qx -- "$name" || { echo "$file:1: not named in $1 of Makefile.in"; bad=1; }
    done
}

compare BASE server/base ''
compare PROTO server/proto ''
compare EVENT server/event ''
compare IO server/io ''
compare STORE server/store ''
compare CORE server/core ''
compare CONTROL server/control ''
compare MAIN server main
compare EDGECTL edgectl edgectl
for directory in modules/*/; do
    name=$(basename "$directory")
    [ -n "$(find "$directory" -name '*.c')" ] || continue
    if list MODULES | tr -s '[:blank:]' '\n' | grep -qx -- "$name"; then
        compare "${name}_SOURCES" "modules/$name" ''
    else
        echo "modules/$name: not named in MODULES of Makefile.in"
        bad=1
    fi
done
[ $bad -eq 0 ] && echo ok
exit $bad
