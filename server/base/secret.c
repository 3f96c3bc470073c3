/* The secret that all generations share. */
#include "edge_secret.h"

#include <apr_general.h>
#include <pthread.h>

#include "edge_obj.h"

static uint8_t secret[EDGE_SECRET_SIZE];
static apr_status_t made;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make(void) { made = apr_generate_random_bytes(secret, sizeof(secret)); }

apr_status_t edge_secret_make(void) {
    pthread_once(&once, make);
    return made;
}

const uint8_t *edge_secret(void) {
    EDGE_ASSERT(edge_secret_make() == APR_SUCCESS);
    return secret;
}
