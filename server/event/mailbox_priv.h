/* A worker's mailbox: many threads put letters in, one takes them out. */
#ifndef EDGE_MAILBOX_PRIV_H
#define EDGE_MAILBOX_PRIV_H

#include "edge_worker.h"

#include <stdatomic.h>

/* Zero-filled memory is an empty mailbox of somebody who is awake. */
typedef struct edge_mailbox {
    _Atomic(edge_letter_t *) newest; /* a stack; drained whole and turned round */
    _Atomic bool asleep;             /* the owner waits, or is about to, and must be woken */
} edge_mailbox_t;

/* Any thread. True: the caller must wake the owner; of all senders exactly one is told so. */
bool edge_mailbox_put(edge_mailbox_t *mailbox, edge_letter_t *letter);
/* The owner, before it waits; false: there is mail, do not wait. */
bool edge_mailbox_sleep(edge_mailbox_t *mailbox);
/* The owner, when it is awake again: from now on senders need not wake it. */
void edge_mailbox_wake(edge_mailbox_t *mailbox);
/* Delivers what is in it now, in the order of arrival; returns how many letters that were. */
unsigned edge_mailbox_drain(edge_mailbox_t *mailbox, edge_worker_t *worker);

#endif
