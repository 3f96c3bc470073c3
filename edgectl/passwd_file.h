/*
 * A password file that is being looked at or changed.
 *
 * Concept:  a locked file (edge_locked_file.h) whose lines are credentials. Comments and
 *           all lines that are not changed stay as they are.
 * Owner:    the caller's struct; open to close.
 * Threads:  one.
 * Lifetime: the text is wiped when the file is closed.
 * Errors:   said on standard error; the exit code says what kind.
 */
#ifndef EDGECTL_PASSWD_FILE_H
#define EDGECTL_PASSWD_FILE_H

#include "edge_locked_file.h"
#include "invocation.h"
#include "proto/password_file.h"

typedef edge_locked_file_t ctl_passwd_file_t;

/* `change`: nobody else may change it meanwhile; a file that is not there is made (mode 0640) when `make` says so. */
ctl_exit_t ctl_passwd_open(ctl_passwd_file_t *file, const char *path, bool change, bool make);
void ctl_passwd_close(ctl_passwd_file_t *file);

/* Walks over the lines; `number` and `line` begin as 0 and are filled in. False behind the last one. `why`: what is wrong with
 * this line, NULL for a sound one. */
typedef struct ctl_passwd_cursor {
    size_t at;
    unsigned number;
    edge_span_t text; /* with its line end */
    edge_password_line_t line;
    const char *why;
} ctl_passwd_cursor_t;
bool ctl_passwd_next(const ctl_passwd_file_t *file, ctl_passwd_cursor_t *cursor);

/* The file with all lines of the user replaced by `lines` (each with its line end; empty: none). */
ctl_exit_t ctl_passwd_replace(ctl_passwd_file_t *file, const char *user, edge_span_t lines);

/* Whether the name in a line is this user; `user` is prepared. */
bool ctl_passwd_is(edge_span_t name, const char *user);

#endif
