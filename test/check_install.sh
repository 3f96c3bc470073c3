#!/bin/sh
# Installs a build below a temporary prefix, builds a module outside the source tree with edgexs and with pkg-config,
# and lets the installed edged load it. Prints "ok NAME" for each thing shown; stops at the first that fails.
#   check_install.sh BUILD
set -eu
build=$1
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/edge-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
prefix=$(sed -n 's/^prefix = //p' "$build/Makefile")
root=$work/root

# The installation itself; twice, the second over an operator's change.
make -C "$build" --no-print-directory install DESTDIR="$root" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
for file in sbin/edged sbin/edgectl bin/edgexs lib/edged/modules/mod_smtp_edge.so lib/edged/modules/mod_queue_spool.so \
    lib/pkgconfig/edged.pc include/edged/edge_module.h include/edged/tbl/phases.def include/edged/proto/smtp_reply.h etc/edged/edge.conf lib/systemd/system/edged.service \
    share/edged/htdocs/index.html share/bash-completion/completions/edgectl share/zsh/site-functions/_edgectl \
    share/fish/vendor_completions.d/edgectl.fish share/man/man5/edge.conf.5 share/man/man8/edged.8 share/man/man8/edgectl.8; do
    [ -f "$root$prefix/$file" ] || { echo "not installed: $prefix/$file"; exit 1; }
done
echo 'ok install'
conf=$root$prefix/etc/edged/edge.conf
echo '# mine' >>"$conf"
make -C "$build" --no-print-directory install DESTDIR="$root" >"$work/log" 2>&1
grep -qx '# mine' "$conf" && [ -f "$conf.new" ] || { echo "a changed edge.conf was not kept"; exit 1; }
echo 'ok install keeps a changed edge.conf'

# A module of somebody else.
mkdir "$work/other"
cd "$work/other"
sed 's/skeleton/outside/g' "$source/modules/skeleton/mod_skeleton.c" >mod_outside.c
EDGE_INCLUDE=$root$prefix/include/edged "$root$prefix/bin/edgexs" -c mod_outside.c >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
[ -f mod_outside.so ] || { echo "edgexs made no mod_outside.so"; exit 1; }
echo 'ok edgexs builds a module outside the tree'
if command -v pkg-config >/dev/null; then
    PKG_CONFIG_PATH=$root$prefix/lib/pkgconfig
    export PKG_CONFIG_PATH
    # shellcheck disable=SC2046
    ${CC:-cc} $(PKG_CONFIG_SYSROOT_DIR='' pkg-config --define-variable=prefix="$root$prefix" --cflags edged) \
        -shared -o by_pkg_config.so mod_outside.c
    echo 'ok pkg-config gives what a module needs'
fi

# ServerRoot of the installation, with its modules found where its link would lead once it is in place.
server=$root$prefix/var/edged
ln -sfn "$root$prefix/lib/edged/modules" "$server/modules"
cat >"$work/test.conf" <<CONF
ServerName outside.example
LoadModule smtp_edge_module modules/mod_smtp_edge.so
LoadModule queue_spool_module modules/mod_queue_spool.so
LoadModule outside_module $work/other/mod_outside.so
ErrorLog logs/error.log
<Validator nobody>
    Module outside_module
    Forbid localhost.localdomain
</Validator>
<Queue main>
    Spool spool/main
</Queue>
<Listener mx>
    Listen 127.0.0.1:12599
    Protocol smtp
    Queue main
    <On EHLO>
        Validate nobody mode=enforce
    </On>
</Listener>
CONF
edged=$root$prefix/sbin/edged
"$edged" -t -f "$work/test.conf" -d "$server" || { echo "the installed edged refuses the configuration"; exit 1; }
"$edged" -M -f "$work/test.conf" -d "$server" | grep -q outside || { echo "edged -M does not list the module"; exit 1; }
echo 'ok the installed edged loads the module'
"$edged" -t -f "$source/conf/edge.conf" -d "$server" || { echo "the default edge.conf is refused"; exit 1; }
echo 'ok the default edge.conf is accepted'

make -C "$build" --no-print-directory uninstall DESTDIR="$root" >"$work/log" 2>&1
left=$(find "$root$prefix/sbin" "$root$prefix/bin" "$root$prefix/include" "$root$prefix/lib" -type f 2>/dev/null)
[ -z "$left" ] || { echo "uninstall has left: $left"; exit 1; }
[ -f "$conf" ] || { echo "uninstall has taken the configuration"; exit 1; }
echo 'ok uninstall'
