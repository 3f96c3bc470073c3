/*
 * Maildirs as a next hop.
 *
 * Concept:  the operator's template makes a directory of each recipient
 *           (maildir_path.c); files are written on threads of a pool (maildir_file.c:
 *           tmp, sync, new, sync), fed by the worker that has the message
 *           (maildir_deliver.c). The first recipient's file takes the message's bytes,
 *           the others' are copies of it, each with a head of its own.
 * Owner:    settings: the snapshot. A delivery's run: its worker, and the pool's thread
 *           while a step is under way.
 * Threads:  as said there.
 * Lifetime: a run lives until its last step has ended, also when it was cancelled.
 * Errors:   every failure is a reply for that recipient.
 */
#ifndef EDGE_RELAY_MAILDIR_H
#define EDGE_RELAY_MAILDIR_H

#include "edge_module.h"
#include "edge_relay.h"
#include "edge_task.h"

extern edge_module_t relay_maildir_module;

typedef struct maildir_conf {
    edge_span_t template; /* absolute, %{...} in it */
    bool create;
} maildir_conf_t;

/* Paths */

/* NULL, or what is wrong with the template. */
const char *maildir_path_check(edge_span_t template, apr_pool_t *pool);
/* The directory of that address; NULL when its parts cannot stand in a path. */
const char *maildir_path_of(edge_span_t template, edge_span_t address, apr_pool_t *pool);
/* Octets of the template in front of its first "%{": what must be there already. */
size_t maildir_path_fixed(edge_span_t template);
/* The name of the message's file, the same whenever it is delivered to that recipient again. */
const char *maildir_path_name(const edge_envelope_t *envelope, unsigned recipient, apr_pool_t *pool);
/* Return-Path and Delivered-To, lines ended by LF. */
const char *maildir_path_head(const edge_envelope_t *envelope, edge_span_t recipient, apr_pool_t *pool);

/* Files: all of these block. Each returns 0 or an errno. */

typedef struct maildir_file {
    const char *directory; /* the Maildir */
    const char *name;      /* in new/ */
    const char *temporary; /* in tmp/ */
    size_t fixed;          /* octets of `directory` that must be there already */
    bool create;
    int fd;        /* -1: not open */
    off_t written; /* octets in it */
    off_t head;    /* of these, what is this recipient's own */
} maildir_file_t;

/* ENXIO: what is in front of the first %{...} is not there. */
int maildir_file_open(maildir_file_t *file, const char *head);
int maildir_file_write(maildir_file_t *file, const char *bytes, size_t len);
/* Syncs, and puts it into new/; it stays open for reading. A file of that name that is there already is this very message. */
int maildir_file_keep(maildir_file_t *file);
/* The bytes behind `from`'s head, whose file is open. */
int maildir_file_copy(maildir_file_t *file, const maildir_file_t *from);
/* Closes; what was not kept is removed. */
void maildir_file_drop(maildir_file_t *file);

/* Deliveries */

apr_status_t maildir_deliver_start(void);
void maildir_deliver_stop(void);
void maildir_deliver(edge_delivery_t *delivery);
void maildir_deliver_cancel(edge_delivery_t *delivery);
/* What an errno is to the sender: 550 5.1.1, 452 4.2.2, 452 4.3.1, 451 4.3.0. */
edge_relay_result_t maildir_deliver_result(int error);

#endif
