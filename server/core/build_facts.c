/* Revision and compiler. */
#include "core/build_facts.h"

#ifndef EDGE_REVISION
#define EDGE_REVISION "unknown"
#endif

const char *edge_build_revision(void) { return EDGE_REVISION; }

const char *edge_build_compiler(void) {
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}
