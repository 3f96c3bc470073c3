#!/bin/sh
# Puts a whole console together: what is written here, and beside it in vendor/ the libraries and fonts of npm, as
# package-lock.json names them by version and digest. Nothing is compiled or bundled.
#   gather.sh SOURCE TARGET        SOURCE is this directory; TARGET is made anew when it is complete
# Without npm, or when npm cannot reach its registry, the console is one page that says what is lacking: a build needs no network.
set -eu
source=$1
target=$2
work=$target.work
new=$target.new
rm -rf "$new"
mkdir -p "$new" "$work"

say() { echo "htdocs: $*"; }

# Comments and indentation stay in the sources: they would be a tenth of what a browser fetches.
copy_own() {
    (cd "$source" && find js style -type f) | while read -r file; do
        mkdir -p "$new/$(dirname "$file")"
        sed -e 's/^[[:space:]]*//' -e '/^\/\*.*\*\/$/d' -e '/^\/\*/,/\*\/$/d' "$source/$file" >"$new/$file"
    done
    cp "$source/theme.js" "$source/favicon.svg" "$new/"
}

# npm is asked only when the lock has changed since the last time.
fetch() {
    cmp -s "$source/package-lock.json" "$work/fetched-lock.json" && return 0
    command -v npm >/dev/null || { say "npm is not installed"; return 1; }
    cp "$source/package.json" "$source/package-lock.json" "$work/"
    (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-retry-mintimeout=1000 --loglevel=error >npm.log 2>&1) ||
        { say "npm ci failed: $(grep -m 1 . "$work/npm.log" || true)"; return 1; }
    cp "$source/package-lock.json" "$work/fetched-lock.json"
}

# A browser resolves relative names only, and a strict policy allows no import map: the one bare name becomes relative.
copy_vendor() {
    packages=$work/node_modules
    vendor=$new/vendor
    mkdir -p "$vendor"
    sed -e '/^\/\/# sourceMappingURL=/d' "$packages/preact/dist/preact.mjs" >"$vendor/preact.js"
    sed -e '/^\/\/# sourceMappingURL=/d' -e 's|from"preact"|from"./preact.js"|' \
        "$packages/preact/hooks/dist/hooks.mjs" >"$vendor/hooks.js"
    cp "$packages/htm/dist/htm.mjs" "$vendor/htm.js"
    cp "$packages/@fontsource-variable/ibm-plex-sans/files/ibm-plex-sans-latin-wght-normal.woff2" "$vendor/plex-sans.woff2"
    cp "$packages/@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-400-normal.woff2" "$vendor/plex-mono.woff2"
    for name in preact htm @fontsource-variable/ibm-plex-sans @fontsource/ibm-plex-mono; do
        printf '== %s\n\n' "$name"
        cat "$packages/$name/LICENSE"
        printf '\n'
    done >"$vendor/LICENSES.txt"
    if grep -q 'from"preact"' "$vendor/hooks.js"; then say "hooks.js still names a package"; return 1; fi
}

# The sheets become one, in the page's order: packed together they are a fifth smaller, and asked for once.
join_sheets() {
    sed -n 's|^<link rel="stylesheet" href="\(.*\)">$|\1|p' "$source/index.html" | while read -r sheet; do
        cat "$new/$sheet"
        rm "$new/$sheet"
    done >"$new/style/console.css"
}

# All modules are asked for at once, instead of one level of imports after the other.
name_modules() {
    (cd "$new" && find js vendor -name '*.js' | sort) | sed 's|.*|<link rel="modulepreload" href="&">|' >"$work/modules"
    sed -e "/gather.sh: modules/{r $work/modules" -e 'd;}' -e '/^<link rel="stylesheet" href="style\/tokens.css">$/s/tokens/console/' \
        -e '/^<link rel="stylesheet" href="style\/[^c]/d' "$source/index.html" >"$new/index.html"
}

# Packed once here instead of for each browser; fonts are packed already. zopfli packs closer where it is installed.
pack() {
    if command -v zopfli >/dev/null; then
        find "$new" -type f ! -name '*.woff2' -exec zopfli {} +
    else
        find "$new" -type f ! -name '*.woff2' -exec gzip -9 -n -k {} +
    fi
}

if fetch; then
    copy_own
    copy_vendor
    join_sheets
    name_modules
else
    cp "$source/lacking.html" "$new/index.html"
    cp "$source/favicon.svg" "$new/"
    mkdir -p "$new/style"
    cp "$source/style/tokens.css" "$source/style/base.css" "$new/style/"
    say "built without the console's libraries; install npm and say 'make console' again (everything else is complete)"
fi
pack
find "$new" -type f -exec chmod 644 {} +
rm -rf "$target"
mv "$new" "$target"
