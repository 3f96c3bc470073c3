/* Requests to the parent and what became of them, in shared memory. */
#include "core/operations.h"

#include <apr_strings.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "edge_json.h"
#include "edge_log.h"
#include "edge_shared.h"

EDGE_LOG_AREA(edge_operations_log, "operations")

typedef struct desk {
    pthread_mutex_t lock;
    uint64_t last;
    edge_operation_t ring[EDGE_OPERATIONS_MOST];
    unsigned dropped; /* by the youngest child */
    size_t dropped_len;
    char dropped_list[EDGE_OPERATIONS_DROPPED];
    unsigned generations; /* so far */
    edge_generation_t past[EDGE_GENERATIONS_MOST];
} desk_t;

static desk_t *desk;
static int parent = -1;

apr_status_t edge_operations_map(void) {
    desk = edge_shared_map(sizeof(desk_t));
    return desk ? edge_shared_lock_make(&desk->lock) : APR_FROM_OS_ERROR(errno);
}

void edge_operations_use(int descriptor) { parent = descriptor; }

static edge_operation_t *slot_of(uint64_t id) { return &desk->ring[id % EDGE_OPERATIONS_MOST]; }

static bool is_open(const edge_operation_t *operation) {
    return operation->state == EDGE_OPERATION_ASKED || operation->state == EDGE_OPERATION_RUNNING;
}

static bool is_under_way(edge_operation_kind_t kind) {
    for (unsigned i = 0; i < EDGE_OPERATIONS_MOST; i++)
        if (is_open(&desk->ring[i]) && desk->ring[i].kind == kind)
            return true;
    return false;
}

static void say_wanted(void) {
    char octet = EDGE_OPERATION_WANTED;
    if (parent >= 0 && write(parent, &octet, 1) < 0)
        EDGE_LOG_STATUS(&edge_operations_log, EDGE_LOG_WARN, 1260, errno, "the parent cannot be told what is wanted");
}

uint64_t edge_operation_ask(edge_operation_kind_t kind, const char *who) {
    uint64_t id = 0;
    edge_shared_lock(&desk->lock);
    if (!is_under_way(kind)) {
        id = ++desk->last;
        edge_operation_t *operation = slot_of(id);
        operation->id = id;
        operation->kind = kind;
        operation->at = edge_clock_read().wall;
        operation->ended = 0;
        operation->len = 0;
        apr_cpystrn(operation->who, who, sizeof(operation->who));
        operation->state = EDGE_OPERATION_ASKED;
    }
    pthread_mutex_unlock(&desk->lock);
    if (id)
        say_wanted();
    return id;
}

bool edge_operation_get(uint64_t id, edge_operation_t *copy) {
    edge_shared_lock(&desk->lock);
    *copy = *slot_of(id);
    pthread_mutex_unlock(&desk->lock);
    return id > 0 && copy->id == id && copy->state != EDGE_OPERATION_NONE;
}

uint64_t edge_operation_ask_in_turn(edge_operation_kind_t kind, const char *who, edge_mono_t most) {
    edge_mono_t until = edge_clock_mono() + most;
    uint64_t id;
    while ((id = edge_operation_ask(kind, who)) == 0 && edge_clock_mono() < until)
        poll(NULL, 0, 10);
    return id;
}

bool edge_operation_wait(uint64_t id, edge_mono_t most, edge_operation_t *copy) {
    edge_mono_t until = edge_clock_mono() + most;
    while (edge_operation_get(id, copy) && is_open(copy)) {
        if (edge_clock_mono() >= until)
            return false;
        poll(NULL, 0, 10);
    }
    return !is_open(copy) && copy->id == id;
}

bool edge_operation_take(edge_operation_t *copy) {
    edge_operation_t *first = NULL;
    edge_shared_lock(&desk->lock);
    for (unsigned i = 0; i < EDGE_OPERATIONS_MOST; i++) {
        edge_operation_t *one = &desk->ring[i];
        if (one->state == EDGE_OPERATION_ASKED && (!first || one->id < first->id))
            first = one;
    }
    if (first) {
        first->state = EDGE_OPERATION_RUNNING;
        *copy = *first;
    }
    pthread_mutex_unlock(&desk->lock);
    return first != NULL;
}

void edge_operation_end(uint64_t id, bool good, edge_span_t result) {
    static const edge_span_t too_long = EDGE_SPAN("{\"truncated\":true}");
    edge_shared_lock(&desk->lock);
    edge_operation_t *operation = slot_of(id);
    if (operation->id == id && is_open(operation)) {
        if (result.len > EDGE_OPERATION_RESULT)
            result = too_long;
        if (result.len)
            memcpy(operation->result, result.at, result.len);
        operation->len = result.len;
        operation->ended = edge_clock_read().wall;
        operation->state = good ? EDGE_OPERATION_DONE : EDGE_OPERATION_FAILED;
    }
    pthread_mutex_unlock(&desk->lock);
}

void edge_operations_drop(unsigned count, edge_span_t list) {
    if (!desk)
        return;
    edge_shared_lock(&desk->lock);
    desk->dropped = count;
    desk->dropped_len = list.len <= sizeof(desk->dropped_list) ? list.len : 0;
    if (desk->dropped_len)
        memcpy(desk->dropped_list, list.at, desk->dropped_len);
    pthread_mutex_unlock(&desk->lock);
}

unsigned edge_operations_dropped(void) {
    edge_shared_lock(&desk->lock);
    unsigned count = desk->dropped;
    pthread_mutex_unlock(&desk->lock);
    return count;
}

void edge_operation_reloaded(uint64_t id, uint64_t generation) {
    static const edge_span_t none = EDGE_SPAN("[]");
    edge_json_t json;
    char text[EDGE_OPERATION_RESULT];
    edge_json_start_fixed(&json, text, sizeof(text));
    edge_json_object(&json);
    edge_json_put_number(&json, "generation", (int64_t)generation);
    edge_json_key(&json, "dropped");
    edge_shared_lock(&desk->lock);
    edge_json_raw(&json, desk->dropped_len ? edge_span(desk->dropped_list, desk->dropped_len) : none);
    edge_json_put_number(&json, "dropped_count", desk->dropped);
    pthread_mutex_unlock(&desk->lock);
    edge_json_object_end(&json);
    edge_operation_end(id, true, edge_span(json.text, json.len));
}

void edge_generations_note(const edge_generation_t *generation) {
    edge_shared_lock(&desk->lock);
    desk->past[desk->generations++ % EDGE_GENERATIONS_MOST] = *generation;
    pthread_mutex_unlock(&desk->lock);
}

unsigned edge_generations_list(edge_generation_t into[EDGE_GENERATIONS_MOST]) {
    edge_shared_lock(&desk->lock);
    unsigned count = desk->generations < EDGE_GENERATIONS_MOST ? desk->generations : EDGE_GENERATIONS_MOST;
    for (unsigned i = 0; i < count; i++)
        into[i] = desk->past[(desk->generations - 1 - i) % EDGE_GENERATIONS_MOST];
    pthread_mutex_unlock(&desk->lock);
    return count;
}
