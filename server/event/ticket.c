/* Tickets: slots with a generation, resumed exactly once from any thread. */
#include "edge_counter.h"
#include "edge_obj.h"

#include "event/ticket_priv.h"
#include "event/worker_priv.h"

#include <stdlib.h>

/* The state word is generation << 2 | state; the generation rises whenever a slot becomes free, so a ticket that
 * was made from an older one never matches again (32 bits: one session would have to wait 4,294,967,296 times). */
enum { FREE, WAITING, RESUMED };
#define STATE(generation, state) ((uint64_t)(generation) << 2 | (state))

struct edge_ticket_slot {
    edge_letter_t letter; /* the way home of the result, so that resuming allocates nothing */
    edge_timer_t timer;
    _Atomic uint64_t word;
    edge_worker_t *worker;
    edge_ticket_slot_t *next_free;
    edge_ticket_fn *resumed;
    void *owner;
    edge_result_t result;
    void (*discard)(void *data);
    uint32_t number;
    uint32_t generation; /* the owner thread's copy */
    bool dropped;        /* while a result is on its way */
};

/* 8 bits worker + 1, 24 bits slot, 32 bits generation: never 0. */
static edge_ticket_t ticket_of(const edge_ticket_slot_t *slot) {
    return (uint64_t)(edge_worker_index(slot->worker) + 1) << 56 | (uint64_t)slot->number << 32 | slot->generation;
}

static edge_ticket_slot_t *find(edge_worker_t *worker, edge_ticket_t ticket) {
    uint32_t number = (uint32_t)(ticket >> 32) & 0xffffff;
    if (worker == NULL || number / EDGE_TICKET_CHUNK >= EDGE_TICKET_CHUNKS) {
        return NULL;
    }
    edge_ticket_slot_t *chunk =
        atomic_load_explicit(&worker->tickets.chunks[number / EDGE_TICKET_CHUNK], memory_order_acquire);
    return chunk == NULL ? NULL : &chunk[number % EDGE_TICKET_CHUNK];
}

static edge_ticket_slot_t *find_anywhere(edge_ticket_t ticket) {
    unsigned worker = (unsigned)(ticket >> 56);
    return worker == 0 ? NULL : find(edge_worker_at(worker - 1), ticket);
}

static bool change(edge_ticket_slot_t *slot, edge_ticket_t ticket, unsigned from, unsigned to) {
    uint64_t expected = STATE((uint32_t)ticket, from);
    return atomic_compare_exchange_strong(&slot->word, &expected, STATE((uint32_t)ticket, to));
}

static void release(edge_ticket_slot_t *slot) {
    edge_ticket_table_t *table = &slot->worker->tickets;
    edge_timer_cancel(slot->worker, &slot->timer);
    slot->generation++;
    atomic_store(&slot->word, STATE(slot->generation, FREE));
    slot->next_free = table->free;
    table->free = slot;
}

/* Frees the slot first: the callback may take the next ticket. */
static void call(edge_ticket_slot_t *slot, edge_result_t result) {
    edge_ticket_fn *resumed = slot->resumed;
    void *owner = slot->owner;
    release(slot);
    resumed(owner, result);
}

static void arrive(edge_letter_t *letter, edge_worker_t *worker) {
    edge_ticket_slot_t *slot = EDGE_CONTAINER(letter, edge_ticket_slot_t, letter);
    (void)worker;
    if (!slot->dropped) {
        call(slot, slot->result);
        return;
    }
    edge_counter_add(EDGE_C_TICKETS_STALE, 1);
    if (slot->discard != NULL) {
        slot->discard(slot->result.data);
    }
    release(slot);
}

static void expire(edge_timer_t *timer) {
    edge_ticket_slot_t *slot = EDGE_CONTAINER(timer, edge_ticket_slot_t, timer);
    /* Else the result is on its way: it came in time. */
    if (change(slot, ticket_of(slot), WAITING, FREE)) {
        call(slot, (edge_result_t){.status = APR_TIMEUP});
    }
}

static void make_chunk(edge_worker_t *worker) {
    edge_ticket_table_t *table = &worker->tickets;
    unsigned index = table->chunk_count;
    EDGE_ASSERT(index < EDGE_TICKET_CHUNKS);
    edge_ticket_slot_t *chunk = calloc(EDGE_TICKET_CHUNK, sizeof *chunk);
    EDGE_ASSERT(chunk != NULL);
    for (unsigned i = EDGE_TICKET_CHUNK; i-- > 0;) {
        edge_ticket_slot_t *slot = &chunk[i];
        slot->worker = worker;
        slot->number = index * EDGE_TICKET_CHUNK + i;
        slot->generation = 1;
        slot->letter.deliver = arrive;
        slot->timer.fire = expire;
        atomic_init(&slot->word, STATE(1, FREE));
        slot->next_free = table->free;
        table->free = slot;
    }
    table->chunk_count++;
    atomic_store_explicit(&table->chunks[index], chunk, memory_order_release);
}

edge_ticket_t edge_ticket_take(edge_worker_t *worker, edge_ticket_fn *resumed, void *owner, edge_mono_t deadline) {
    EDGE_ASSERT(worker == edge_worker_self() && resumed != NULL);
    if (worker->tickets.free == NULL) {
        make_chunk(worker);
    }
    edge_ticket_slot_t *slot = worker->tickets.free;
    worker->tickets.free = slot->next_free;
    slot->resumed = resumed;
    slot->owner = owner;
    slot->dropped = false;
    if (deadline != 0) {
        edge_timer_set(worker, &slot->timer, deadline);
    }
    atomic_store(&slot->word, STATE(slot->generation, WAITING));
    return ticket_of(slot);
}

void edge_ticket_drop(edge_worker_t *worker, edge_ticket_t ticket) {
    EDGE_ASSERT(worker == edge_worker_self());
    edge_ticket_slot_t *slot = ticket == EDGE_NO_TICKET ? NULL : find_anywhere(ticket);
    if (slot == NULL || slot->generation != (uint32_t)ticket) {
        return;
    }
    EDGE_ASSERT(slot->worker == worker);
    if (change(slot, ticket, WAITING, FREE)) {
        release(slot);
    } else if (atomic_load(&slot->word) == STATE((uint32_t)ticket, RESUMED)) {
        slot->dropped = true;
    }
}

bool edge_ticket_resume_owned(edge_ticket_t ticket, edge_result_t result, void (*discard)(void *data)) {
    edge_ticket_slot_t *slot = find_anywhere(ticket);
    if (slot == NULL || !change(slot, ticket, WAITING, RESUMED)) {
        edge_counter_add(EDGE_C_TICKETS_STALE, 1);
        return false;
    }
    /* The slot is this thread's until the letter is sent. */
    slot->result = result;
    slot->discard = discard;
    edge_worker_send(slot->worker, &slot->letter);
    return true;
}

bool edge_ticket_resume(edge_ticket_t ticket, edge_result_t result) {
    return edge_ticket_resume_owned(ticket, result, NULL);
}

void edge_ticket_table_free(edge_ticket_table_t *table) {
    for (unsigned i = 0; i < table->chunk_count; i++) {
        free(atomic_load(&table->chunks[i]));
    }
}
