/* Answers of changes, kept under the keys they were asked for with. */
#include "control/admin_repeat.h"

#include <apr_strings.h>
#include <errno.h>

#include "edge_password.h"
#include "edge_secret.h"
#include "edge_shared.h"

#define TYPE_MOST 64u
#define ETAG_MOST 64u
#define LOCATION_MOST 256u

typedef enum state { FREE, UNDER_WAY, KEPT, NOT_KEPT } state_t;

typedef struct place {
    edge_keyed_hash_t key, asked; /* who and key; what for, but for If-Match: the first one may have changed the tag */
    edge_mono_t since;
    state_t state;
    unsigned status;
    char request_id[24], type[TYPE_MOST], etag[ETAG_MOST], location[LOCATION_MOST];
    size_t len;
    char text[EDGE_ADMIN_REPEAT_ANSWER_MOST];
} place_t;

typedef struct shelf {
    pthread_mutex_t lock;
    place_t places[EDGE_ADMIN_REPEATS];
} shelf_t;

static shelf_t *shelf;

apr_status_t edge_admin_repeat_map(void) {
    shelf = edge_shared_map(sizeof(*shelf));
    return shelf ? edge_shared_lock_make(&shelf->lock) : APR_FROM_OS_ERROR(errno);
}

/* Keys */

/* As it is defined, a text in quotes; many send it bare. */
static bool read_key(edge_span_t field, edge_span_t *key) {
    field = edge_span_trim(field);
    bool quoted = field.len >= 2 && field.at[0] == '"' && field.at[field.len - 1] == '"';
    *key = quoted ? edge_span(field.at + 1, field.len - 2) : field;
    for (size_t i = 0; i < key->len; i++) {
        unsigned char octet = (unsigned char)key->at[i];
        if (octet < (quoted ? ' ' : '!') || octet > '~' || octet == '"' || octet == '\\')
            return false;
    }
    return key->len > 0 && key->len <= EDGE_ADMIN_REPEAT_KEY_MOST;
}

/* With their lengths between them, no two lists of pieces give the same octets. */
static edge_keyed_hash_t hash_of(const edge_span_t *pieces, unsigned count, apr_pool_t *pool) {
    edge_keyed_hash_t key;
    size_t size = 0, at = 0;
    for (unsigned i = 0; i < count; i++)
        size += sizeof(pieces[i].len) + pieces[i].len;
    char *octets = apr_palloc(pool, size);
    for (unsigned i = 0; i < count; i++) {
        memcpy(octets + at, &pieces[i].len, sizeof(pieces[i].len));
        at += sizeof(pieces[i].len);
        if (pieces[i].len > 0)
            memcpy(octets + at, pieces[i].at, pieces[i].len);
        at += pieces[i].len;
    }
    memcpy(&key, edge_secret(), sizeof(key));
    edge_keyed_hash_t own = edge_keyed_hash(key, edge_span_of("admin_repeat"));
    edge_keyed_hash_t hash = edge_keyed_hash(own, edge_span(octets, size));
    edge_password_wipe(octets, size); /* a password may be in it */
    return hash;
}

static bool is_same(edge_keyed_hash_t one, edge_keyed_hash_t other) {
    return one.bits[0] == other.bits[0] && one.bits[1] == other.bits[1];
}

/* Places */

static bool is_over(const place_t *place, edge_mono_t now) {
    return place->state == FREE || now - place->since >= EDGE_ADMIN_REPEAT_KEPT;
}

static place_t *find(edge_keyed_hash_t key, edge_mono_t now) {
    for (unsigned i = 0; i < EDGE_ADMIN_REPEATS; i++)
        if (!is_over(&shelf->places[i], now) && is_same(shelf->places[i].key, key))
            return &shelf->places[i];
    return NULL;
}

/* One that is over, or the oldest. */
static place_t *give_way(edge_mono_t now) {
    place_t *oldest = &shelf->places[0];
    for (unsigned i = 0; i < EDGE_ADMIN_REPEATS; i++) {
        if (is_over(&shelf->places[i], now))
            return &shelf->places[i];
        if (shelf->places[i].since < oldest->since)
            oldest = &shelf->places[i];
    }
    return oldest;
}

/* Before a request */

static const char *text_or_null(const char *text, apr_pool_t *pool) { return *text ? apr_pstrdup(pool, text) : NULL; }

static void tell_again(const place_t *place, edge_admin_answer_t *answer) {
    answer->status = place->status;
    answer->type = apr_pstrdup(answer->pool, place->type);
    answer->etag = text_or_null(place->etag, answer->pool);
    answer->location = text_or_null(place->location, answer->pool);
    apr_cpystrn(answer->request_id, place->request_id, sizeof(answer->request_id));
    answer->json.text = apr_pstrmemdup(answer->pool, place->text, place->len);
    answer->json.size = place->len + 1;
    answer->json.len = place->len;
    edge_admin_field(answer, "Idempotency-Replayed", "true");
}

static void answer_repeat(const place_t *place, edge_keyed_hash_t asked, edge_admin_answer_t *answer) {
    if (!is_same(place->asked, asked))
        edge_admin_problem(
            answer, 422, "idempotency-key-reused",
            "This Idempotency-Key came with another request (%s): a change of its own needs a key of its "
            "own.",
            place->request_id);
    else if (place->state == UNDER_WAY)
        edge_admin_problem(answer, 409, "conflict",
                           "The request that came with this Idempotency-Key is not answered yet.");
    else if (place->state == NOT_KEPT)
        edge_admin_problem(answer, 409, "done-before",
                           "This was done by request %s, with status %u; its answer is not kept.", place->request_id,
                           place->status);
    else
        tell_again(place, answer);
}

static void take(place_t *place, const edge_admin_repeat_t *repeat, edge_keyed_hash_t asked, edge_mono_t now,
                 const char *request_id) {
    place->state = FREE; /* until it is whole: whoever is killed here leaves nothing */
    place->key = repeat->key;
    place->asked = asked;
    place->since = now;
    place->len = 0;
    apr_cpystrn(place->request_id, request_id, sizeof(place->request_id));
    place->state = UNDER_WAY;
}

static bool is_keyed(const edge_admin_request_t *request, const edge_admin_call_t *call) {
    return shelf && call->idempotency_key.at && !request->dry_run && strcmp(request->route->method, "GET") != 0 &&
           (request->route->flags & EDGE_ADMIN_PUBLIC) == 0;
}

bool edge_admin_repeat_begin(edge_admin_repeat_t *repeat, const edge_admin_request_t *request,
                             const edge_admin_call_t *call, edge_mono_t now, edge_admin_answer_t *answer) {
    edge_span_t key;
    repeat->keyed = false;
    if (!is_keyed(request, call))
        return true;
    if (!read_key(call->idempotency_key, &key)) {
        edge_admin_problem(answer, 400, "bad-idempotency-key",
                           "Idempotency-Key must be 1 to %u printable ASCII characters, in quotes or not.",
                           EDGE_ADMIN_REPEAT_KEY_MOST);
        return false;
    }
    const edge_span_t whose[] = {edge_span_of(request->who), key};
    const edge_span_t what[] = {call->method, call->target, call->content};
    edge_keyed_hash_t asked = hash_of(what, EDGE_COUNT(what), request->pool);
    repeat->key = hash_of(whose, EDGE_COUNT(whose), request->pool);
    edge_shared_lock(&shelf->lock);
    const place_t *place = find(repeat->key, now);
    repeat->keyed = !place;
    if (place)
        answer_repeat(place, asked, answer);
    else
        take(give_way(now), repeat, asked, now, request->request_id);
    pthread_mutex_unlock(&shelf->lock);
    return repeat->keyed;
}

/* Behind it */

static bool fits(const edge_admin_request_t *request, const edge_admin_answer_t *answer) {
    return (request->route->flags & EDGE_ADMIN_SECRET) == 0 && !answer->streaming &&
           answer->json.len <= EDGE_ADMIN_REPEAT_ANSWER_MOST && strlen(answer->type) < TYPE_MOST &&
           (!answer->etag || strlen(answer->etag) < ETAG_MOST) &&
           (!answer->location || strlen(answer->location) < LOCATION_MOST);
}

static void keep(place_t *place, const edge_admin_request_t *request, edge_mono_t now,
                 const edge_admin_answer_t *answer) {
    place->since = now;
    place->status = answer->status;
    if (!fits(request, answer)) {
        place->state = NOT_KEPT;
        return;
    }
    apr_cpystrn(place->type, answer->type, sizeof(place->type));
    apr_cpystrn(place->etag, answer->etag ? answer->etag : "", sizeof(place->etag));
    apr_cpystrn(place->location, answer->location ? answer->location : "", sizeof(place->location));
    memcpy(place->text, answer->json.text, answer->json.len);
    place->len = answer->json.len;
    place->state = KEPT;
}

void edge_admin_repeat_end(const edge_admin_repeat_t *repeat, const edge_admin_request_t *request, edge_mono_t now,
                           edge_admin_answer_t *answer) {
    if (!repeat->keyed)
        return;
    edge_admin_answer_end(answer);
    edge_shared_lock(&shelf->lock);
    place_t *place = find(repeat->key, now);
    if (place && answer->status >= 500)
        place->state = FREE;
    else if (place)
        keep(place, request, now, answer);
    pthread_mutex_unlock(&shelf->lock);
}
