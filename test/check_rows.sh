#!/bin/sh
# The tables: every row has prose, every close reason, reply and counter row is used, no log number is used twice.
# Prints each offence as file:line and exits 1, or prints ok.
set -u
cd "$(dirname "$0")/.." || exit 1
sources=$(find server modules edgectl -name '*.[ch]' | sort)
[ -n "$sources" ] || { echo "check_rows: no sources"; exit 1; }
bad=0
offences=$(
    # Tables of include/tbl: one row a line, ending in prose.
    awk '/^EDGE_[A-Z]+\(/ && !/"[^"]*[^" ][^"]*"\)$/ { print FILENAME ":" FNR ": this row has no prose" }
        /^EDGE_[A-Z]+\(/ {
            name = $0; sub(/^[^(]*\(/, "", name); sub(/,.*/, "", name)
            if (seen[FILENAME " " name]++) print FILENAME ":" FNR ": " name " stands twice"
            if ($0 ~ /, ""\)$/) print FILENAME ":" FNR ": " name " has empty prose"
        }' include/tbl/*.def

    # Directive rows are written with names: from one .name to the next there must be .prose, .usage and .when.
    # shellcheck disable=SC2086
    awk 'function finish() {
            if (open) {
                if (text !~ /\.prose =[ \t\n]*"[^"]/) print at ": directive " name " has no prose"
                if (text !~ /\.usage =[ \t\n]*"/) print at ": directive " name " has no usage"
                if (text !~ /\.when = /) print at ": directive " name " does not say when it takes effect"
            }
            open = 0; text = ""
        }
        FNR == 1 { finish(); table = 0 }
        # The table starts in the line of its type or, when a formatter broke it, soon after.
        /edge_directive_t [a-z_]+\[\]/ { table = 1 }
        table && /\.name = "/ { finish(); open = 1; at = FILENAME ":" FNR
            name = $0; sub(/.*\.name = "/, "", name); sub(/".*/, "", name) }
        table { text = text $0 "\n" }
        table && (/\.name = NULL/ || /^};/) { finish(); table = 0 }
        END { finish() }' $sources

    # Rows without names: {"...", ..., "prose"}; counters, routes, providers, checks, admin arguments.
    # shellcheck disable=SC2086
    awk 'function finish() {
            if (table && row ~ /"/) {
                gsub(/[ \t\n]+/, " ", row)
                if (row !~ /"[^"]+" *[})]? *,? *$/ && row !~ /\.prose = *"[^"]/) print at ": this " kind " row has no prose"
            }
            row = ""; depth = 0
        }
        FNR == 1 { table = 0; row = "" }
        match($0, /edge_(counter_row|admin_route|provider_row|check_row|admin_argument)_t [a-z_]+\[\] *= *\{/) {
            kind = substr($0, RSTART + 5, RLENGTH - 5); sub(/_t .*/, "", kind); table = 1; row = ""; depth = 0; next }
        table && /^[ \t]*};/ { table = 0; next }
        # Rows that are made from include/tbl have been seen there.
        table && (/^#/ || /\{text, kind, prose\}/) { next }
        table {
            if (row == "") at = FILENAME ":" FNR
            row = row " " $0
            quiet = $0; gsub(/"([^"\\]|\\.)*"/, "", quiet)
            depth += gsub(/\{/, "{", quiet) - gsub(/\}/, "}", quiet)
            if (depth <= 0) { if (row ~ /NULL, *$|\{ *(\.name = )?NULL|\{0/) row = ""; finish() }
        }' $sources

    # Log numbers.
    # shellcheck disable=SC2086
    awk '{ text = FNR == 1 ? $0 : last " " $0
            if (match(text, /EDGE_LOG(_STATUS|_ABOUT)?\([^,()]*, *EDGE_LOG_[A-Z]+, *[0-9]+/) && !(FILENAME ":" FNR - 1 in counted)) {
                number = substr(text, RSTART, RLENGTH); sub(/.*[^0-9]/, "", number)
                counted[FILENAME ":" FNR]
                if (number ~ /^0/) print FILENAME ":" FNR ": log number " number " would be octal"
                if (number in where) print FILENAME ":" FNR ": log number " number " is used at " where[number] " too"
                else where[number] = FILENAME ":" FNR
            }
            last = $0 }' $sources

    # Rows that nobody uses.
    for table in close_reasons:EDGE_CLOSE:EDGE_CLOSE_ reply_texts:EDGE_REPLY:EDGE_R_ counters:EDGE_COUNTER:EDGE_C_ violations:EDGE_VIOLATION:EDGE_VIOLATION_ connections_refused:EDGE_REJECTED:EDGE_REJECTED_; do
        IFS=: read -r file macro prefix <<EOT
$table
EOT
        # shellcheck disable=SC2086
        # The pure dialogue has its own names for the same close reasons: EDGE_SMTP_CLOSE_...
        used=" $(grep -oh "EDGE_[A-Z0-9_]*" $sources | sed 's/^EDGE_SMTP_CLOSE_/EDGE_CLOSE_/' | grep "^$prefix" | sort -u | tr '\n' ' ') "
        grep -n "^$macro(" "include/tbl/$file.def" | sed 's/^\([0-9]*\):[A-Z_]*(\([A-Z0-9_]*\),.*/\1 \2/' | while read -r line name; do
            waits=$(grep -c "^${prefix}${name} " test/rows_waiting.txt)
            case $used in
            *" $prefix$name "*) [ "$waits" -eq 0 ] || echo "include/tbl/$file.def:$line: $prefix$name is used now: take it out of test/rows_waiting.txt" ;;
            *) [ "$waits" -gt 0 ] || echo "include/tbl/$file.def:$line: nothing uses $prefix$name" ;;
            esac
        done
    done
)
[ -z "$offences" ] || { echo "$offences"; bad=1; }
[ $bad -eq 0 ] && echo ok
exit $bad
