/* The slots behind the tickets of one worker. */
#ifndef EDGE_TICKET_PRIV_H
#define EDGE_TICKET_PRIV_H

#include "edge_ticket.h"

#include <stdatomic.h>

#define EDGE_TICKET_CHUNK 256   /* slots made at a time; their addresses never change */
#define EDGE_TICKET_CHUNKS 4096 /* 1,048,576 tickets a worker */

typedef struct edge_ticket_slot edge_ticket_slot_t;

/* Zero-filled memory is a worker without tickets. */
typedef struct edge_ticket_table {
    _Atomic(edge_ticket_slot_t *) chunks[EDGE_TICKET_CHUNKS];
    edge_ticket_slot_t *free;
    unsigned chunk_count;
} edge_ticket_table_t;

void edge_ticket_table_free(edge_ticket_table_t *table);

#endif
