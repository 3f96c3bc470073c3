/*
 * What this program was made of.
 *
 * Concept:  the revision is put in by the makefile, and only this file is compiled anew when it changes.
 * Owner:    none.
 * Threads:  constants.
 * Lifetime: none.
 * Errors:   none.
 */
#ifndef EDGE_CORE_BUILD_FACTS_H
#define EDGE_CORE_BUILD_FACTS_H

/* As `git describe` names it; "unknown" when it was built from an archive. */
const char *edge_build_revision(void);
const char *edge_build_compiler(void);

#endif
