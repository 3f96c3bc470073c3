/*
 * Destinations: how each has done lately, and whose turn it is.
 *
 * Those with attempts waiting form a ring, and the one that was served goes behind the
 * others, so that a destination with a hundred thousand messages delays none with a few.
 * One whose host fails is left alone for a while, and then asked by one attempt at a time
 * until that works.
 */
#include <stdlib.h>

#include "relay.h"

static unsigned slot_of(edge_span_t name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.at[i]) * 16777619u;
    return hash % EDGE_COUNT(((relay_destinations_t *)0)->table);
}

relay_destination_t *relay_destination_find(relay_destinations_t *all, edge_span_t name) {
    relay_destination_t **slot = &all->table[slot_of(name)], *destination = *slot;
    while (destination && !edge_span_equal(edge_span(destination->name, destination->name_len), name))
        destination = destination->next_named;
    if (destination)
        return destination;
    destination = calloc(1, sizeof(*destination));
    EDGE_ASSERT(destination != NULL);
    destination->name = malloc(name.len + 1);
    EDGE_ASSERT(destination->name != NULL);
    if (name.len > 0)
        memcpy(destination->name, name.at, name.len);
    destination->name[name.len] = '\0';
    destination->name_len = name.len;
    destination->waiting_end = &destination->waiting;
    destination->next_named = *slot;
    *slot = destination;
    all->count++;
    return destination;
}

static void ring_add(relay_destinations_t *all, relay_destination_t *destination) {
    if (!all->ring) {
        all->ring = destination->next = destination->previous = destination;
        return;
    }
    destination->next = all->ring;
    destination->previous = all->ring->previous;
    destination->previous->next = destination;
    all->ring->previous = destination;
}

static void ring_remove(relay_destinations_t *all, relay_destination_t *destination) {
    if (all->ring == destination)
        all->ring = destination->next == destination ? NULL : destination->next;
    destination->previous->next = destination->next;
    destination->next->previous = destination->previous;
    destination->next = destination->previous = NULL;
}

void relay_destination_add(relay_destinations_t *all, relay_destination_t *destination, relay_attempt_t *attempt) {
    attempt->next = NULL;
    *destination->waiting_end = attempt;
    destination->waiting_end = &attempt->next;
    if (destination->waiting_count++ == 0)
        ring_add(all, destination);
    all->waiting++;
}

static relay_attempt_t *take_first(relay_destinations_t *all, relay_destination_t *destination) {
    relay_attempt_t *attempt = destination->waiting;
    destination->waiting = attempt->next;
    attempt->next = NULL;
    if (!destination->waiting)
        destination->waiting_end = &destination->waiting;
    if (--destination->waiting_count == 0)
        ring_remove(all, destination);
    all->waiting--;
    return attempt;
}

static bool may_begin(const relay_destination_t *destination, unsigned most, edge_mono_t now) {
    return !relay_destination_is_closed(destination, now) &&
           destination->in_flight < (destination->failures > 0 ? 1 : most);
}

relay_attempt_t *relay_destination_next(relay_destinations_t *all, unsigned most, edge_mono_t now) {
    relay_destination_t *first = all->ring, *destination = first;
    if (!first)
        return NULL;
    do {
        if (may_begin(destination, most, now)) {
            all->ring = destination->next; /* the others come first now */
            return take_first(all, destination);
        }
        destination = destination->next;
    } while (destination != first);
    return NULL;
}

relay_attempt_t *relay_destination_empty(relay_destinations_t *all, relay_destination_t *destination) {
    relay_attempt_t *first = destination->waiting;
    if (!first)
        return NULL;
    all->waiting -= destination->waiting_count;
    destination->waiting_count = 0;
    destination->waiting = NULL;
    destination->waiting_end = &destination->waiting;
    ring_remove(all, destination);
    return first;
}

static void open_again(relay_destination_t *destination) {
    destination->failures = 0;
    destination->closed_until = 0;
    free(destination->trouble);
    destination->trouble = NULL;
}

void relay_destination_worked(relay_destination_t *destination, edge_mono_t began) {
    if (began > destination->worked_at)
        destination->worked_at = began;
    open_again(destination);
}

bool relay_destination_failed(relay_destination_t *destination, edge_mono_t began, edge_mono_t until, edge_span_t why) {
    if (destination->worked_at >= began)
        return false;
    destination->failures++;
    destination->closed_until = until;
    free(destination->trouble);
    destination->trouble = malloc(why.len + 1);
    EDGE_ASSERT(destination->trouble != NULL);
    if (why.len > 0)
        memcpy(destination->trouble, why.at, why.len);
    destination->trouble[why.len] = '\0';
    return true;
}

static void each(relay_destinations_t *all, void (*act)(relay_destination_t *destination)) {
    for (unsigned i = 0; i < EDGE_COUNT(all->table); i++)
        for (relay_destination_t *destination = all->table[i]; destination; destination = destination->next_named)
            act(destination);
}

void relay_destinations_open(relay_destinations_t *all) { each(all, open_again); }

static void destroy(relay_destination_t *destination) {
    free(destination->trouble);
    free(destination->name);
    free(destination);
}

static bool matters(const relay_destination_t *destination, edge_mono_t now) {
    return destination->waiting_count > 0 || destination->in_flight > 0 ||
           (destination->failures > 0 && destination->closed_until + EDGE_SECONDS(86400) > now);
}

void relay_destinations_sweep(relay_destinations_t *all, edge_mono_t now) {
    for (unsigned i = 0; i < EDGE_COUNT(all->table); i++)
        for (relay_destination_t **link = &all->table[i], *destination; (destination = *link) != NULL;) {
            if (matters(destination, now)) {
                link = &destination->next_named;
                continue;
            }
            *link = destination->next_named;
            destroy(destination);
            all->count--;
        }
}

void relay_destinations_free(relay_destinations_t *all) {
    for (unsigned i = 0; i < EDGE_COUNT(all->table); i++)
        for (relay_destination_t *destination = all->table[i], *next; destination; destination = next) {
            next = destination->next_named;
            destroy(destination);
        }
    memset(all, 0, sizeof(*all));
}
