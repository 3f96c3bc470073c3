/*
 * Facts of this build: its version and where it looks when it is not told.
 *
 * Concept:  configure chooses them and the makefile passes them to the compiler;
 *           the values here serve who compiles a file by hand.
 * Owner:    the makefile.
 * Threads:  constants.
 * Lifetime: none.
 * Errors:   none.
 */
#ifndef EDGE_VERSION_H
#define EDGE_VERSION_H

#ifndef EDGE_VERSION
#define EDGE_VERSION "0.1.0"
#endif
#ifndef EDGE_DEFAULT_ROOT
#define EDGE_DEFAULT_ROOT "/usr/local/var/edged"
#endif
#ifndef EDGE_DEFAULT_CONF
#define EDGE_DEFAULT_CONF "/usr/local/etc/edged/edge.conf"
#endif

#endif
