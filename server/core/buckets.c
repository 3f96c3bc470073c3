/* Token buckets in memory that all children share. */
#include "core/buckets.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "edge_counter.h"
#include "edge_obj.h"
#include "edge_secret.h"
#include "edge_shared.h"

/* Time is counted in 8192ths of a microsecond: what a token of 100 MB/s costs is still told exactly enough, and the
 * clock of a machine that is up for 30 years still fits into 64 bits. */
#define UNITS 8192u
#define WAYS EDGE_BUCKETS_WAYS

__extension__ typedef unsigned __int128 wide_t;

typedef struct bucket {
    uint64_t hash;    /* its second half */
    uint64_t rule;    /* for lists */
    uint64_t full_at; /* in the past: it is full, and its place is free */
    uint64_t room, one;
} bucket_t;

typedef struct label {
    uint8_t len;
    char octets[EDGE_BUCKET_KEY_KEPT];
} label_t;

/* A lock a set and not one word a bucket: a place changes its key, its rule and its time together, and takes of one key
 * are rare beside those of others, so nobody waits. Tags lie together: a look touches three cache lines. */
typedef struct set {
    uint64_t tags[WAYS]; /* first halves of the hashes */
    bucket_t buckets[WAYS];
    label_t labels[WAYS];
} set_t;

/* Apart from the sets, so that only those which hold something take memory. */
typedef struct gate {
    pthread_mutex_t lock;
    bool used; /* something was put into the set */
} gate_t;

static struct {
    gate_t *gates; /* one a set */
    set_t *sets;
    uint64_t count; /* a power of two */
} table;

apr_status_t edge_buckets_map(uint32_t keys) {
    uint64_t count = 1;
    while (count * WAYS < keys)
        count *= 2;
    gate_t *gates = edge_shared_map(count * sizeof(gate_t));
    set_t *sets = gates ? edge_shared_map(count * sizeof(set_t)) : NULL;
    if (!sets)
        return APR_FROM_OS_ERROR(errno);
    apr_status_t status = APR_SUCCESS;
    for (uint64_t i = 0; i < count && status == APR_SUCCESS; i++)
        status = edge_shared_lock_make(&gates[i].lock);
    if (status != APR_SUCCESS)
        return status;
    table.gates = gates;
    table.sets = sets;
    table.count = count;
    return APR_SUCCESS;
}

/* Rules */

/* How long `amount` tokens need; rounded down, so that `burst` single ones always fit. */
static uint64_t cost_of(const edge_bucket_rule_t *rule, uint64_t amount) {
    if (amount >= rule->burst)
        return rule->room;
    if (amount <= 1)
        return amount ? rule->one : 0;
    uint64_t cost = (uint64_t)((wide_t)amount * rule->period / rule->count);
    return cost > 0 ? cost : 1;
}

/* A key of this table's own, made of the secret. */
static edge_keyed_hash_t tables_key(void) {
    static const char purpose[] = "edged token buckets";
    char octets[EDGE_SECRET_SIZE / 2 + sizeof(purpose)];
    edge_keyed_hash_t first;
    memcpy(first.bits, edge_secret(), sizeof(first.bits));
    memcpy(octets, edge_secret() + EDGE_SECRET_SIZE / 2, EDGE_SECRET_SIZE / 2);
    memcpy(octets + EDGE_SECRET_SIZE / 2, purpose, sizeof(purpose));
    return edge_keyed_hash(first, edge_span(octets, sizeof(octets)));
}

bool edge_bucket_rule_make(edge_bucket_rule_t *rule, edge_span_t name, uint64_t count, edge_mono_t period,
                           uint64_t burst) {
    if (count < 1 || burst < 1 || count > EDGE_BUCKET_COUNT_MOST || burst > EDGE_BUCKET_COUNT_MOST || period < 1 ||
        period > EDGE_BUCKET_PERIOD_MOST ||
        (wide_t)burst * (uint64_t)period > (wide_t)count * (uint64_t)EDGE_BUCKET_PERIOD_MOST)
        return false;
    rule->count = count;
    rule->burst = burst;
    rule->period = (uint64_t)period * UNITS;
    rule->one = rule->period / count > 0 ? rule->period / count : 1;
    rule->room = (uint64_t)((wide_t)burst * rule->period / count);
    rule->room = rule->room > rule->one ? rule->room : rule->one;
    uint64_t rate[3] = {count, (uint64_t)period, burst};
    rule->id = edge_keyed_hash(edge_keyed_hash(tables_key(), name), edge_span((const char *)rate, sizeof(rate)));
    return true;
}

/* Places */

static edge_keyed_hash_t hash_of(const edge_bucket_rule_t *rule, edge_span_t key) {
    return edge_keyed_hash(rule->id, key);
}

static uint64_t units_of(edge_mono_t now) { return (uint64_t)now * UNITS; }

static edge_mono_t microseconds_of(uint64_t units) { return (edge_mono_t)((units + UNITS - 1) / UNITS); }

/* A holder that was killed has left a bucket as it was or as it would be, or a place that counts as free: remember()
 * writes in that order. */
static set_t *lock_set(edge_keyed_hash_t hash) {
    uint64_t index = (hash.bits[0] >> 32) & (table.count - 1);
    edge_shared_lock(&table.gates[index].lock);
    return &table.sets[index];
}

static gate_t *gate_of(const set_t *set) { return &table.gates[set - table.sets]; }

static void unlock_set(const set_t *set) { pthread_mutex_unlock(&gate_of(set)->lock); }

static bucket_t *find(set_t *set, edge_keyed_hash_t hash) {
    for (unsigned i = 0; i < WAYS; i++)
        if (set->tags[i] == hash.bits[0] && set->buckets[i].hash == hash.bits[1])
            return &set->buckets[i];
    return NULL;
}

static uint64_t missing(const bucket_t *bucket, uint64_t now) {
    return bucket && bucket->full_at > now ? bucket->full_at - now : 0;
}

static bool refuses(const bucket_t *bucket, uint64_t now) { return missing(bucket, now) + bucket->one > bucket->room; }

/* The fullest; NULL when all of them refuse. */
static bucket_t *find_place(set_t *set, uint64_t now) {
    bucket_t *best = NULL;
    double least = 0;
    for (unsigned i = 0; i < WAYS; i++) {
        bucket_t *bucket = &set->buckets[i];
        if (bucket->full_at <= now)
            return bucket;
        double emptiness = (double)missing(bucket, now) / (double)bucket->room;
        if ((best && emptiness >= least) || refuses(bucket, now))
            continue;
        best = bucket;
        least = emptiness;
    }
    return best;
}

/* Whoever is killed between two of these steps leaves a free place, which may have the key already: `full_at` of 0 says
 * that the rest is not to be believed. */
static void remember(set_t *set, bucket_t *place, const edge_bucket_want_t *want, edge_keyed_hash_t hash,
                     uint64_t full_at) {
    unsigned index = (unsigned)(place - set->buckets);
    label_t *label = &set->labels[index];
    gate_of(set)->used = true;
    place->full_at = 0;
    atomic_signal_fence(memory_order_seq_cst);
    set->tags[index] = hash.bits[0];
    *place = (bucket_t){.hash = hash.bits[1], .rule = want->rule->id.bits[0]};
    place->room = want->rule->room;
    place->one = want->rule->one;
    label->len = (uint8_t)(want->key.len < sizeof(label->octets) ? want->key.len : sizeof(label->octets));
    if (label->len > 0)
        memcpy(label->octets, want->key.at, label->len);
    atomic_signal_fence(memory_order_seq_cst);
    place->full_at = full_at;
}

/* Taking */

/* How long until it may be taken, 0 when it was; with `only_look`, when it might be. */
static edge_mono_t take_one(const edge_bucket_want_t *want, edge_keyed_hash_t hash, uint64_t now, bool only_look) {
    const edge_bucket_rule_t *rule = want->rule;
    uint64_t cost = cost_of(rule, want->amount);
    set_t *set = lock_set(hash);
    bucket_t *bucket = find(set, hash);
    uint64_t gone = missing(bucket, now) + cost;
    bool fits = gone <= rule->room;
    if (fits && !only_look && cost > 0) {
        bucket_t *place = bucket ? bucket : find_place(set, now);
        if (!place)
            edge_counter_add(EDGE_C_BUCKETS_NOT_KEPT, 1);
        else if (place != bucket && place->full_at > now)
            edge_counter_add(EDGE_C_BUCKETS_DROPPED, 1);
        if (bucket && bucket->full_at > 0)
            bucket->full_at = now + gone;
        else if (place)
            remember(set, place, want, hash, now + gone);
    }
    unlock_set(set);
    return fits ? 0 : microseconds_of(gone - rule->room);
}

static void give_one(const edge_bucket_want_t *want, edge_keyed_hash_t hash, uint64_t now) {
    uint64_t cost = cost_of(want->rule, want->amount);
    set_t *set = lock_set(hash);
    bucket_t *bucket = find(set, hash);
    if (bucket && bucket->full_at > now)
        bucket->full_at -= cost < bucket->full_at ? cost : bucket->full_at;
    unlock_set(set);
}

/* Looks at all before it takes one; who comes between makes it give back what it has. */
edge_mono_t edge_bucket_take(const edge_bucket_want_t *wants, unsigned count, edge_mono_t now, unsigned *refused) {
    edge_keyed_hash_t hashes[EDGE_BUCKET_WANTS_MOST];
    edge_mono_t longest = 0;
    EDGE_ASSERT(count <= EDGE_BUCKET_WANTS_MOST);
    if (!table.sets)
        return 0;
    for (unsigned i = 0; i < count; i++)
        hashes[i] = hash_of(wants[i].rule, wants[i].key);
    for (unsigned i = 0; count > 1 && i < count; i++) {
        edge_mono_t wait = take_one(&wants[i], hashes[i], units_of(now), true);
        if (wait > longest) {
            longest = wait;
            *refused = i;
        }
    }
    for (unsigned i = 0; longest == 0 && i < count; i++) {
        longest = take_one(&wants[i], hashes[i], units_of(now), false);
        if (longest == 0)
            continue;
        *refused = i;
        while (i-- > 0)
            give_one(&wants[i], hashes[i], units_of(now));
        break;
    }
    return longest;
}

void edge_bucket_give(const edge_bucket_want_t *want, edge_mono_t now) {
    if (table.sets)
        give_one(want, hash_of(want->rule, want->key), units_of(now));
}

/* Looking */

/* The most that could be taken. */
static uint64_t tokens_in(const edge_bucket_rule_t *rule, uint64_t gone, edge_mono_t *next) {
    uint64_t there = rule->room > gone ? rule->room - gone : 0;
    uint64_t tokens = (uint64_t)((wide_t)there * rule->count / rule->period);
    *next = there >= rule->one ? 0 : microseconds_of(rule->one - there);
    /* Costs are rounded down, so there may be one more. */
    tokens += cost_of(rule, tokens + 1) <= there;
    return tokens < rule->burst ? tokens : rule->burst;
}

uint64_t edge_bucket_left(const edge_bucket_rule_t *rule, edge_span_t key, edge_mono_t now, edge_mono_t *next) {
    uint64_t gone = 0;
    if (table.sets) {
        edge_keyed_hash_t hash = hash_of(rule, key);
        set_t *set = lock_set(hash);
        gone = missing(find(set, hash), units_of(now));
        unlock_set(set);
    }
    return tokens_in(rule, gone, next);
}

static void show(const edge_bucket_rule_t *rule, const set_t *set, unsigned index, uint64_t now,
                 edge_bucket_seen_t *seen) {
    const bucket_t *bucket = &set->buckets[index];
    const label_t *label = &set->labels[index];
    *seen = (edge_bucket_seen_t){.hash = {{set->tags[index], bucket->hash}}, .key_len = label->len};
    memcpy(seen->key, label->octets, label->len);
    seen->left = tokens_in(rule, missing(bucket, now), &seen->next);
    seen->full = microseconds_of(missing(bucket, now));
}

unsigned edge_bucket_list(const edge_bucket_rule_t *rule, edge_bucket_seen_t *into, unsigned most, edge_mono_t now) {
    unsigned count = 0;
    for (uint64_t i = 0; table.sets && i < table.count; i++) {
        const set_t *set = &table.sets[i];
        edge_shared_lock(&table.gates[i].lock);
        for (unsigned way = 0; table.gates[i].used && way < WAYS; way++) {
            if (set->buckets[way].rule != rule->id.bits[0] || missing(&set->buckets[way], units_of(now)) == 0)
                continue;
            if (count < most)
                show(rule, set, way, units_of(now), &into[count]);
            count++;
        }
        unlock_set(set);
    }
    return count;
}

bool edge_bucket_forget(edge_keyed_hash_t hash) {
    if (!table.sets)
        return false;
    set_t *set = lock_set(hash);
    bucket_t *bucket = find(set, hash);
    bool there = bucket && bucket->full_at > 0;
    if (bucket)
        bucket->full_at = 0;
    unlock_set(set);
    return there;
}

void edge_buckets_lock(const edge_bucket_rule_t *rule, edge_span_t key) { lock_set(hash_of(rule, key)); }
