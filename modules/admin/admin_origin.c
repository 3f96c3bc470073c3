/* Who is behind the connections to civetweb: one place for each port of ours. */
#include "admin.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct place {
    admin_origin_t origin;
    unsigned asked, answered; /* requests */
    uint64_t due;             /* octets of the answers */
    bool streams, last, told;
} place_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static place_t *places[65536];

/* A connection's port is its own until it is closed, so nobody else can come from it. Whom it is lent to next begins anew. */
void admin_origin_set(uint16_t port, const admin_origin_t *origin) {
    place_t *place = calloc(1, sizeof(*place));
    if (!place)
        return; /* its requests are refused */
    place->origin = *origin;
    pthread_mutex_lock(&lock);
    free(places[port]);
    places[port] = place;
    pthread_mutex_unlock(&lock);
}

void admin_origin_forget(uint16_t port) {
    pthread_mutex_lock(&lock);
    free(places[port]);
    places[port] = NULL;
    pthread_mutex_unlock(&lock);
}

bool admin_origin_find(uint16_t port, admin_origin_t *origin) {
    pthread_mutex_lock(&lock);
    bool found = places[port] != NULL;
    if (found)
        *origin = places[port]->origin;
    pthread_mutex_unlock(&lock);
    return found;
}

void admin_origin_asked(uint16_t port) {
    pthread_mutex_lock(&lock);
    if (places[port])
        places[port]->asked++;
    pthread_mutex_unlock(&lock);
}

void admin_origin_answered(uint16_t port, uint64_t octets) {
    pthread_mutex_lock(&lock);
    if (places[port]) {
        places[port]->answered++;
        places[port]->due += octets;
    }
    pthread_mutex_unlock(&lock);
}

bool admin_origin_is_busy(uint16_t port, uint64_t got) {
    pthread_mutex_lock(&lock);
    const place_t *place = places[port];
    bool busy = place && (place->answered < place->asked || got < place->due);
    pthread_mutex_unlock(&lock);
    return busy;
}

void admin_origin_streams(uint16_t port) {
    pthread_mutex_lock(&lock);
    if (places[port])
        places[port]->streams = true;
    pthread_mutex_unlock(&lock);
}

bool admin_origin_is_streaming(uint16_t port) {
    pthread_mutex_lock(&lock);
    bool streaming = places[port] && places[port]->streams;
    pthread_mutex_unlock(&lock);
    return streaming;
}

void admin_origin_last(uint16_t port) {
    pthread_mutex_lock(&lock);
    if (places[port])
        places[port]->last = true;
    pthread_mutex_unlock(&lock);
}

bool admin_origin_is_last(uint16_t port) {
    pthread_mutex_lock(&lock);
    bool last = places[port] && places[port]->last;
    pthread_mutex_unlock(&lock);
    return last;
}

void admin_origin_told(uint16_t port) {
    pthread_mutex_lock(&lock);
    if (places[port])
        places[port]->told = true;
    pthread_mutex_unlock(&lock);
}

bool admin_origin_is_told(uint16_t port) {
    pthread_mutex_lock(&lock);
    bool told = places[port] && places[port]->told;
    pthread_mutex_unlock(&lock);
    return told;
}
