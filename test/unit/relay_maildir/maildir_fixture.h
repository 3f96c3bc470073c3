/* A directory of its own for each test, with Maildirs in it. */
#ifndef EDGE_TEST_MAILDIR_FIXTURE_H
#define EDGE_TEST_MAILDIR_FIXTURE_H

#include "../relay_discard/hop_fixture.h"

#include "../../../modules/relay_maildir/relay_maildir.h"

extern char maildir_root[];

int maildir_setup(void **state);
int maildir_teardown(void **state);
/* Names of files in ROOT/directory, one a line, sorted; "-" when the directory is not there. Good until the next call. */
const char *maildir_list(const char *directory);
/* The contents of the first file there. */
const char *maildir_read(const char *directory);
/* ROOT/name */
const char *maildir_at(const char *name);

#endif
