/* Certificates that nobody has renewed: said once a day while they are in use. */
#include "tls.h"

#define DAY 86400
#define SOON_MOST ((int64_t)14 * DAY)

/* Fourteen days before the end; of a short life, a sixth of it. */
static int64_t soon_of(const X509 *certificate) {
    int days = 0, seconds = 0;
    ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate), X509_get0_notAfter(certificate));
    int64_t sixth = ((int64_t)days * DAY + seconds) / 6;
    return sixth < SOON_MOST ? sixth : SOON_MOST;
}

static int64_t seconds_left(const X509 *certificate, time_t now) {
    int days = 0, seconds = 0;
    ASN1_TIME *at = ASN1_TIME_set(NULL, now);
    ASN1_TIME_diff(&days, &seconds, at, X509_get0_notAfter(certificate));
    ASN1_TIME_free(at);
    return (int64_t)days * DAY + seconds;
}

static bool warn_of(const tls_pair_t *pair, time_t now) {
    int64_t left = seconds_left(pair->leaf, now);
    if (left <= 0)
        EDGE_LOG(&tls_log, EDGE_LOG_ERROR, 813, "the certificate %s has expired: clients that check it will not talk",
                 pair->certificate_file->path.at);
    else if (left < soon_of(pair->leaf))
        EDGE_LOG(&tls_log, EDGE_LOG_WARN, 814,
                 "the certificate %s expires in %lld hours; nothing has renewed it so far",
                 pair->certificate_file->path.at, (long long)(left / 3600));
    else
        return false;
    return true;
}

void tls_expiry_visit(void (*visit)(void *context, const edge_tls_certificate_t *certificate), void *context) {
    time_t now = time(NULL);
    for (tls_context_t *each = tls_context_first(); each; each = each->next) {
        tls_set_t *set = tls_context_take(each);
        for (unsigned i = 0; i < set->pair_count; i++) {
            edge_tls_certificate_t certificate = {each->name, set->pairs[i].certificate_file->path.at,
                                                  ((apr_time_t)now + seconds_left(set->pairs[i].leaf, now)) * 1000000};
            visit(context, &certificate);
        }
        tls_set_drop(set);
    }
}

unsigned tls_expiry_warn(time_t now) {
    unsigned said = 0;
    for (tls_context_t *context = tls_context_first(); context; context = context->next) {
        tls_set_t *set = tls_context_take(context);
        for (unsigned i = 0; i < set->pair_count; i++)
            said += warn_of(&set->pairs[i], now);
        tls_set_drop(set);
    }
    return said;
}
