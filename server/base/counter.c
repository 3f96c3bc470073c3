/* Counters in shared memory: blocks of slots by child and worker, and one directory of names. */
#include "edge_counter.h"
#include "edge_obj.h"
#include "edge_shared.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define TEXT_SIZE (1024 * 1024)
#define COLUMNS (1 + EDGE_COUNTER_CHILDREN) /* the parent's, then one for each child */

/* Texts are offsets into `text`, because every process may have loaded its modules elsewhere. */
typedef struct entry {
    uint32_t module, name, labels, prose;
    edge_counter_kind_t kind;
    uint32_t heir; /* 1-based slot that replaced this one; 0 = in use */
    uint32_t past; /* 1-based slot that this one replaced */
} entry_t;

typedef struct map {
    pthread_mutex_t lock;
    _Atomic unsigned slots; /* grows only; entries below it are complete */
    uint32_t text_used;
    entry_t entries[EDGE_COUNTER_SLOTS];
    char text[TEXT_SIZE];
    _Atomic unsigned blocks[COLUMNS]; /* in use, so that memory which nobody counts in is never touched */
    _Alignas(4096) _Atomic int64_t values[COLUMNS][EDGE_COUNTER_BLOCKS][EDGE_COUNTER_SLOTS];
} map_t;

static map_t *map;
static unsigned column;
static _Thread_local unsigned block;

static const edge_counter_row_t core_rows[] = {
#define EDGE_COUNTER(name, text, kind, prose) {text, kind, prose},
#include "tbl/counters.def"
#undef EDGE_COUNTER
};

/* A process that died while registering leaves at worst some text nobody points to. */
static void lock_map(void) { edge_shared_lock(&map->lock); }

/* The number of blocks in use only grows: what a total has counted there stays. */
static void reach_block(unsigned number) {
    unsigned blocks = atomic_load_explicit(&map->blocks[column], memory_order_relaxed);
    while (blocks <= number && !atomic_compare_exchange_weak(&map->blocks[column], &blocks, number + 1)) {
    }
}

apr_status_t edge_counter_map(void) {
    unsigned first;
    if (map != NULL) {
        return APR_SUCCESS;
    }
    map_t *fresh = edge_shared_map(sizeof *map);
    if (fresh == NULL) {
        return APR_FROM_OS_ERROR(errno);
    }
    apr_status_t status = edge_shared_lock_make(&fresh->lock);
    if (status != APR_SUCCESS) {
        munmap(fresh, sizeof *map);
        return status;
    }
    fresh->text_used = 1; /* offset 0 is the empty text */
    for (unsigned i = 0; i < COLUMNS; i++) {
        atomic_store_explicit(&fresh->blocks[i], 1, memory_order_relaxed);
    }
    map = fresh;
    reach_block(block); /* a thread may have been given its block before */
    status = edge_counter_register("core", core_rows, EDGE_COUNT(core_rows), &first);
    EDGE_ASSERT(status == APR_SUCCESS && first == 0);
    return status;
}

/* What is registered together: rows of a module, or one row with labels, once or many times. */
typedef struct wanted {
    const char *module;
    const edge_counter_row_t *rows;
    unsigned count;
    const char *const *labels; /* NULL: rows without any; else the one row with each of these */
} wanted_t;

static const edge_counter_row_t *row_of(const wanted_t *wanted, unsigned index) {
    return wanted->labels != NULL ? wanted->rows : &wanted->rows[index];
}

/* A row may have labels of its own: name{labels}. */
static edge_span_t name_of(const edge_counter_row_t *row) { return edge_span(row->name, strcspn(row->name, "{")); }

static edge_span_t labels_of(const wanted_t *wanted, unsigned index) {
    if (wanted->labels != NULL) {
        return edge_span_of(wanted->labels[index]);
    }
    edge_span_t own = edge_span_of(strchr(wanted->rows[index].name, '{'));
    return own.at != NULL ? edge_span(own.at + 1, own.len - 2) : edge_span_of("");
}

static bool is_text(uint32_t at, edge_span_t text) { return edge_span_equal(edge_span_of(map->text + at), text); }

static bool same_row(const entry_t *entry, const wanted_t *wanted, unsigned row) {
    return entry->heir == 0 && entry->kind == row_of(wanted, row)->kind &&
           is_text(entry->labels, labels_of(wanted, row)) && is_text(entry->name, name_of(row_of(wanted, row))) &&
           strcmp(map->text + entry->module, wanted->module) == 0;
}

/* Where all rows already stand one behind the other; `slots` when they do not. */
static unsigned find_run(const wanted_t *wanted, unsigned slots) {
    for (unsigned first = 0; first + wanted->count <= slots; first++) {
        unsigned same = 0;
        while (same < wanted->count && same_row(&map->entries[first + same], wanted, same)) {
            same++;
        }
        if (same == wanted->count) {
            return first;
        }
    }
    return slots;
}

static unsigned find_row(const wanted_t *wanted, unsigned row, unsigned slots) {
    unsigned slot = 0;
    while (slot < slots && !same_row(&map->entries[slot], wanted, row)) {
        slot++;
    }
    return slot;
}

static uint32_t keep_text(edge_span_t text) {
    uint32_t at = map->text_used;
    memcpy(map->text + at, text.at, text.len);
    map->text[at + text.len] = '\0';
    map->text_used += (uint32_t)text.len + 1;
    return at;
}

static size_t text_needed(const wanted_t *wanted) {
    size_t need = strlen(wanted->module) + 1;
    for (unsigned i = 0; i < wanted->count; i++) {
        need += strlen(row_of(wanted, i)->name) + strlen(row_of(wanted, i)->prose) + labels_of(wanted, i).len + 3;
    }
    return need;
}

static apr_status_t add_rows(const wanted_t *wanted, unsigned slots) {
    if (slots + wanted->count > EDGE_COUNTER_SLOTS || map->text_used + text_needed(wanted) > TEXT_SIZE) {
        return APR_ENOSPC;
    }
    uint32_t module_text = keep_text(edge_span_of(wanted->module));
    for (unsigned i = 0; i < wanted->count; i++) {
        const edge_counter_row_t *row = row_of(wanted, i);
        edge_span_t labels = labels_of(wanted, i);
        entry_t *entry = &map->entries[slots + i];
        bool again = i > 0 && row == row_of(wanted, i - 1);
        unsigned old = find_row(wanted, i, slots);
        entry->module = module_text;
        entry->labels = labels.len > 0 ? keep_text(labels) : 0;
        entry->name = again ? entry[-1].name : keep_text(name_of(row));
        entry->prose = again ? entry[-1].prose : keep_text(edge_span_of(row->prose));
        entry->kind = row->kind;
        if (old < slots) {
            entry->past = old + 1;
            map->entries[old].heir = slots + i + 1;
        }
    }
    atomic_store_explicit(&map->slots, slots + wanted->count, memory_order_release);
    return APR_SUCCESS;
}

static apr_status_t register_all(const wanted_t *wanted, unsigned *first_slot) {
    apr_status_t status = map == NULL ? edge_counter_map() : APR_SUCCESS;
    if (status != APR_SUCCESS) {
        return status;
    }
    lock_map();
    unsigned slots = atomic_load_explicit(&map->slots, memory_order_relaxed);
    unsigned first = find_run(wanted, slots);
    if (first == slots) {
        status = add_rows(wanted, slots);
    }
    pthread_mutex_unlock(&map->lock);
    *first_slot = first;
    return status;
}

apr_status_t edge_counter_register(const char *module, const edge_counter_row_t *rows, unsigned count,
                                   unsigned *first_slot) {
    return register_all(&(wanted_t){module, rows, count, NULL}, first_slot);
}

apr_status_t edge_counter_register_labelled(const char *module, const edge_counter_row_t *row, const char *labels,
                                            unsigned *slot) {
    return register_all(&(wanted_t){module, row, 1, &labels}, slot);
}

apr_status_t edge_counter_register_series(const char *module, const edge_counter_row_t *row, const char *const *labels,
                                          unsigned count, unsigned *first_slot) {
    return register_all(&(wanted_t){module, row, count, labels}, first_slot);
}

void edge_counter_use_child(unsigned child) {
    EDGE_ASSERT(child < EDGE_COUNTER_CHILDREN);
    column = 1 + child;
}

void edge_counter_use_block(unsigned number) {
    EDGE_ASSERT(number < EDGE_COUNTER_BLOCKS);
    block = number;
    if (map != NULL) {
        reach_block(number);
    }
}

void edge_counter_add(unsigned slot, int64_t amount) {
    if (map != NULL) {
        EDGE_ASSERT(slot < EDGE_COUNTER_SLOTS);
        atomic_fetch_add_explicit(&map->values[column][block][slot], amount, memory_order_relaxed);
    }
}

static unsigned slots_now(void) { return map == NULL ? 0 : atomic_load_explicit(&map->slots, memory_order_acquire); }

static unsigned blocks_of(unsigned of) { return atomic_load_explicit(&map->blocks[of], memory_order_acquire); }

static int64_t sum_of_slot(unsigned slot) {
    int64_t sum = 0;
    for (unsigned c = 0; c < COLUMNS; c++) {
        for (unsigned i = 0, blocks = blocks_of(c); i < blocks; i++) {
            sum += atomic_load_explicit(&map->values[c][i][slot], memory_order_relaxed);
        }
    }
    return sum;
}

/* An old generation may still count in the slot that this one replaced. */
int64_t edge_counter_sum(unsigned slot) {
    int64_t sum = 0;
    if (slot >= slots_now()) {
        return 0;
    }
    for (unsigned at = slot + 1; at != 0; at = map->entries[at - 1].past) {
        sum += sum_of_slot(at - 1);
    }
    return sum;
}

void edge_counter_forget_child(unsigned child) {
    EDGE_ASSERT(child < EDGE_COUNTER_CHILDREN);
    unsigned slots = slots_now(), blocks = slots > 0 ? blocks_of(1 + child) : 0;
    for (unsigned slot = 0; slot < slots; slot++) {
        for (unsigned i = 0; map->entries[slot].kind == EDGE_COUNTER_GAUGE && i < blocks; i++) {
            atomic_store_explicit(&map->values[1 + child][i][slot], 0, memory_order_relaxed);
        }
    }
}

bool edge_counter_at(unsigned slot, edge_counter_entry_t *entry) {
    if (slot >= slots_now()) {
        return false;
    }
    const entry_t *found = &map->entries[slot];
    entry->module = map->text + found->module;
    entry->name = found->heir != 0 ? "" : map->text + found->name;
    entry->labels = map->text + found->labels;
    entry->kind = found->kind;
    entry->prose = map->text + found->prose;
    return true;
}
