#!/bin/sh
# Who may include whom: each include line of server/, modules/, edgectl/ and include/ against the floors
# (docs/ARCHITECTURE.md, floors.txt). Prints each offence as file:line and exits 1, or prints ok.
set -u
cd "$(dirname "$0")/.." || exit 1
find include server modules edgectl -name '*.[ch]' | sort | xargs awk '
    BEGIN {
        while ((getline line < "test/floors.txt") > 0)
            if (split(line, word, " ") == 2 && word[1] !~ /^#/) floor_of[word[1]] = word[2]
        floor_of_directory["base"] = "0"; floor_of_directory["proto"] = "1"; floor_of_directory["event"] = "2"
        floor_of_directory["store"] = "3s"; floor_of_directory["io"] = "3i"; floor_of_directory["core"] = "4"; floor_of_directory["control"] = "5"
    }
    function offend(text) { print FILENAME ":" FNR ": " text; bad = 1 }
    # The floor of this file; "m" for modules, "t" for edgectl, 6 for the main program.
    FNR == 1 {
        count = split(FILENAME, part, "/")
        directory = FILENAME; sub(/\/[^\/]*$/, "", directory)
        if (part[1] == "include") {
            mine = floor_of[part[2]]
            if (mine == "") { offend("stands in no floor: add it to test/floors.txt"); mine = "6" }
        } else if (part[1] == "modules") mine = "m"
        else if (part[1] == "edgectl") mine = "t"
        else mine = count == 2 ? "6" : floor_of_directory[part[2]]
        if (mine == "") offend("stands in a directory without a floor")
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        name = $0; sub(/^[^"]*"/, "", name); sub(/".*/, "", name)
        if (name ~ /\.def$/) next
        pieces = split(name, at, "/")
        if (pieces == 1 && name in floor_of) { its = floor_of[name]; public = name ~ /^edge_/ }
        else if (pieces == 1) {
            # Beside the file.
            if ((getline line < (directory "/" name)) < 0) offend("\"" name "\" is neither public nor beside this file")
            else close(directory "/" name)
            next
        } else if (at[1] in floor_of_directory) { its = floor_of_directory[at[1]]; public = at[1] == "proto" }
        else { offend("\"" name "\" is outside every floor"); next }
        if (name ~ /_priv\.h$/ && directory != "server/" at[1]) offend("\"" name "\" is private to server/" at[1])
        if (mine == "m" && !public) offend("a module sees include/ and proto/ only, not \"" name "\"")
        if (mine == "t" && (its == "3i" || (its == "4" && name != "edge_admin.h"))) offend("edgectl sees base, proto, event and store only, not \"" name "\"")
        if (mine == "m" || mine == "t" || mine == "6") next
        if (substr(its, 1, 1) > substr(mine, 1, 1)) offend("floor " mine " must not see floor " its ": \"" name "\"")
        else if (mine ~ /^3/ && its ~ /^3/ && mine != its) offend("store and io do not know each other: \"" name "\"")
    }
    END { if (!bad) print "ok"; exit bad }' || exit 1
