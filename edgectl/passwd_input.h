/*
 * Passwords and names as people give them.
 *
 * Concept:  a password comes from the terminal without being shown, or as the first line
 *           of standard input; never from the command line, which others can see. Names
 *           and passwords are prepared as the server prepares them (RFC 4013).
 * Owner:    the caller, by malloc; edge_password_forget wipes and frees.
 * Threads:  one.
 * Lifetime: until forgotten.
 * Errors:   said on standard error; NULL.
 */
#ifndef EDGECTL_PASSWD_INPUT_H
#define EDGECTL_PASSWD_INPUT_H

#include "edge_password.h"

/* `twice`: a person must type it again, and gets it wrong. `from_stdin`: standard input even when it is a terminal. */
char *ctl_passwd_ask(const char *user, bool twice, bool from_stdin);
/* NULL when the text may not be used; nothing is said. */
char *ctl_passwd_prepare(edge_span_t text);

#endif
