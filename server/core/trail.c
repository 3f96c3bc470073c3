/* Packs the last lines of a session into one block. */
#include "core/trail.h"

#include <string.h>

#define FITTED \
    192 /* up to so many octets a block is no larger than it must be: most who are idle have said no more than hello */
#define GRAIN 16 /* of the worker's memory */

/* Stands in front of each line's text, unaligned. */
typedef struct head {
    uint32_t at;
    uint8_t len;
    uint8_t flags;
} head_t;
enum { FLAG_CLIENT = 1, FLAG_MORE = 2 };
#define HEAD 6 /* octets of a head in the block */

static void put_head(char *to, const edge_trail_line_t *line, size_t len) {
    memcpy(to, &line->at, sizeof(line->at));
    to[4] = (char)len;
    to[5] = (char)((line->client ? FLAG_CLIENT : 0) | (line->more ? FLAG_MORE : 0));
}

static head_t head_at(const edge_trail_t *trail, unsigned at) {
    head_t head;
    memcpy(&head.at, trail->lines + at, sizeof(head.at));
    head.len = (uint8_t)trail->lines[at + 4];
    head.flags = (uint8_t)trail->lines[at + 5];
    return head;
}

static size_t room_of(const edge_trail_t *trail) { return trail->size - sizeof(*trail); }

static size_t size_for(size_t octets) {
    size_t size = FITTED;
    if (octets <= FITTED)
        return (octets + GRAIN - 1) / GRAIN * GRAIN;
    while (size < octets && size < EDGE_TRAIL_MOST)
        size = size * 2 < EDGE_TRAIL_MOST ? size * 2 : EDGE_TRAIL_MOST;
    return size;
}

static void grow(edge_trail_t **trail, edge_worker_t *worker, size_t used) {
    const edge_trail_t *old = *trail;
    if (old && sizeof(*old) + used <= old->size)
        return;
    size_t size = size_for(sizeof(*old) + used);
    if (old && size == old->size)
        return;
    edge_trail_t *larger = edge_worker_take(worker, size);
    if (old)
        memcpy(larger, old, sizeof(*old) + old->used);
    larger->size = (uint16_t)size;
    edge_trail_free(*trail, worker);
    *trail = larger;
}

/* A quarter at least, so that not every line moves all others. */
static void make_room(edge_trail_t *trail, size_t wanted) {
    size_t room = room_of(trail), gone = 0;
    if (trail->used + wanted <= room)
        return;
    size_t least = trail->used + wanted - room;
    least = least < room / 4 ? room / 4 : least;
    for (; gone < least && gone < trail->used; trail->dropped++)
        gone += HEAD + head_at(trail, (unsigned)gone).len;
    memmove(trail->lines, trail->lines + gone, trail->used - gone);
    trail->used = (uint16_t)(trail->used - gone);
}

edge_trail_line_t edge_trail_cut(const edge_trail_line_t *line) {
    edge_trail_line_t cut = *line;
    if (cut.text.len > EDGE_TRAIL_LINE_MOST) {
        cut.text.len = EDGE_TRAIL_LINE_MOST;
        cut.more = true;
    }
    return cut;
}

void edge_trail_add(edge_trail_t **trail, edge_worker_t *worker, const edge_trail_line_t *line) {
    edge_trail_line_t kept = edge_trail_cut(line);
    size_t len = kept.text.len;
    grow(trail, worker, (*trail ? (*trail)->used : 0) + HEAD + len);
    make_room(*trail, HEAD + len);
    char *to = (*trail)->lines + (*trail)->used;
    put_head(to, &kept, len);
    if (len)
        memcpy(to + HEAD, kept.text.at, len);
    (*trail)->used = (uint16_t)((*trail)->used + HEAD + len);
}

void edge_trail_copy(const edge_trail_t *trail, edge_trail_copy_t *copy) {
    copy->trail = (edge_trail_t){.size = EDGE_TRAIL_MOST};
    if (!trail)
        return;
    memcpy(copy->room, trail, sizeof(*trail) + trail->used);
    copy->trail.size = EDGE_TRAIL_MOST;
}

void edge_trail_free(edge_trail_t *trail, edge_worker_t *worker) {
    if (trail)
        edge_worker_give(worker, trail, trail->size);
}

bool edge_trail_next(const edge_trail_t *trail, unsigned *at, edge_trail_line_t *line) {
    unsigned used = trail->used < room_of(trail) ? trail->used : (unsigned)room_of(trail);
    if (trail->size > EDGE_TRAIL_MOST || used < HEAD || *at > used - HEAD)
        return false;
    head_t head = head_at(trail, *at);
    if (head.len > used - HEAD - *at)
        return false;
    *line = (edge_trail_line_t){.at = head.at,
                                .client = (head.flags & FLAG_CLIENT) != 0,
                                .more = (head.flags & FLAG_MORE) != 0,
                                .text = edge_span(trail->lines + *at + HEAD, head.len)};
    *at += HEAD + head.len;
    return true;
}

uint64_t edge_trail_count(const edge_trail_t *trail) {
    edge_trail_line_t line;
    uint64_t count = trail ? trail->dropped : 0;
    for (unsigned at = 0; trail && edge_trail_next(trail, &at, &line);)
        count++;
    return count;
}
