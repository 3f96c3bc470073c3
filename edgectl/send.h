/*
 * Submission of a message from standard input, as programs expect of a sendmail.
 *
 * Concept:  arguments in sendmail's manner (send_options.c), the message made fit to
 *           travel (send_message.c), handed to a local listener by SMTP (send_smtp.c).
 *           All recipients are accepted or nothing is sent: who tries again then sends
 *           nobody a second copy.
 * Owner:    main's pool.
 * Threads:  one.
 * Lifetime: of the process.
 * Errors:   said on standard error; the exit status is one of <sysexits.h>, which cron
 *           and mail programs understand.
 */
#ifndef EDGECTL_SEND_H
#define EDGECTL_SEND_H

#include <apr_tables.h>
#include <stdio.h>
#include <sysexits.h>

#include "invocation.h"

typedef struct ctl_send {
    apr_pool_t *pool;
    /* as asked for */
    const char *sender; /* -f: "" is the null reverse-path; NULL: the user at this host */
    const char *name;   /* -F: of the sender, in a From field that is made; NULL */
    bool from_headers;  /* -t: recipients stand in To, Cc and Bcc */
    bool whole;         /* -i: a line with a lone dot ends nothing */
    bool verbose;       /* -v: the final reply is printed */
    const char *listener;
    apr_array_header_t *recipients; /* const char * */
    /* the message as it goes out, with CRLF and without a dot in front of dots */
    edge_span_t message;
    bool eight_bit, utf8; /* octets over 127 in it; in an address */
} ctl_send_t;

/* Where to hand it in. */
typedef struct ctl_submission {
    const char *listener, *host;
    unsigned short port;
} ctl_submission_t;

/* send_options.c: what stands behind "send", or all of a program called sendmail. EX_OK or EX_USAGE. */
int ctl_send_options(ctl_send_t *send, int argc, const char *const *argv);
/* send_message.c: reads it from `in` and makes it ready; recipients of -t are added. */
int ctl_send_message(ctl_send_t *send, FILE *in, const char *host, const char *user);
/* send_smtp.c */
int ctl_send_smtp(const ctl_send_t *send, const ctl_submission_t *to, const char *host);
/* send_command.c: the whole of it. `argv` is what stands behind the command's name. */
int ctl_send_run(ctl_t *ctl, int argc, const char *const *argv);

#endif
