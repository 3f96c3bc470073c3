#!/bin/sh
# Keeps proto pure: its headers, public or not, and sources name no network, file, thread or time header, and its archive asks
# for nothing that is not listed in pure_symbols.txt. Prints each offence and exits 1, or prints ok.
set -u
build=${EDGE_BUILD:-$PWD}
cd "$(dirname "$0")/.." || exit 1
bad=0

# The public headers of this floor are pure too.
public=$(awk '$2 == "1" { print "include/" $1 }' test/floors.txt)
# An include of anything but these computing headers is an offence.
allowed=' apr.h apr_errno.h apr_hash.h apr_lib.h apr_pools.h apr_strings.h apr_tables.h inttypes.h limits.h stdarg.h stdbool.h stddef.h stdint.h string.h '
# shellcheck disable=SC2086
offences=$(awk -v allowed="$allowed" '
    /^[ \t]*#[ \t]*include[ \t]*</ {
        name = $0; sub(/^[^<]*</, "", name); sub(/>.*/, "", name)
        if (!index(allowed, " " name " ")) print FILENAME ":" FNR ": <" name "> in pure code"
    }' server/proto/*.[ch] $public)
[ -z "$offences" ] || { echo "$offences"; bad=1; }

archive=$build/lib/libproto.a
[ -f "$archive" ] || { echo "check_pure: no $archive: build first, or set EDGE_BUILD"; exit 1; }
# Lines of nm -A: archive:object: U symbol. What the archive defines itself is no demand on others.
demands=$(mktemp "${TMPDIR:-/tmp}/edge-pure.XXXXXX") || exit 1
trap 'rm -f "$demands"' EXIT
own=" $(${NM:-nm} --defined-only "$archive" 2>/dev/null | awk 'NF >= 3 { print $NF }' | tr '\n' ' ')"
${NM:-nm} -A --undefined-only "$archive" 2>/dev/null | awk -v own="$own" '
    { split($1, at, ":"); if (!index(own, " " $NF " ")) print at[2], $NF }' >"$demands"
patterns=$(awk '!/^#/ && NF { print $1 }' test/pure_symbols.txt)
set -f
while read -r object symbol; do
    for pattern in $patterns; do
        # shellcheck disable=SC2254
        case $symbol in $pattern) continue 2 ;; esac
    done
    echo "server/proto/${object%.o}.c:1: asks for $symbol, which test/pure_symbols.txt does not list"
    bad=1
done <"$demands"
[ $bad -eq 0 ] && echo ok
exit $bad
