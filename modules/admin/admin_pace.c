/* How often: requests, failed logins, and what may happen once. Counted in memory that outlives a reload (edge_bucket.h). */
#include "admin.h"

#include "edge_obj.h"

#define BURST 3 /* seconds' worth at once */

static edge_bucket_rule_t requests, failures, tickets, ended;
static uint32_t rate;

static void make(edge_bucket_rule_t *rule, const char *name, uint64_t count, edge_mono_t period, uint64_t burst) {
    EDGE_ASSERT(edge_bucket_rule_make(rule, edge_span_of(name), count, period, burst));
}

void admin_pace_start(uint32_t per_second) {
    rate = per_second;
    make(&requests, "admin requests", per_second, EDGE_SECONDS(1), (uint64_t)per_second * BURST);
    make(&failures, "admin failures", 5, EDGE_SECONDS(60), 5);
    make(&tickets, "admin tickets", 1, EDGE_SECONDS(3600), 1);
    make(&ended, "admin sessions ended", 1, EDGE_SECONDS(12 * 3600), 1);
}

unsigned admin_pace_requests(void) { return rate; }

static unsigned take(const edge_bucket_rule_t *rule, edge_span_t key) {
    edge_bucket_want_t want = {rule, key, 1};
    unsigned refused;
    edge_mono_t wait = edge_bucket_take(&want, 1, edge_clock_mono(), &refused);
    return wait <= 0 ? 0 : (unsigned)((wait + EDGE_SECONDS(1) - 1) / EDGE_SECONDS(1));
}

unsigned admin_pace_request(const char *key, unsigned *left) {
    edge_mono_t next;
    unsigned wait = take(&requests, edge_span_of(key));
    *left = (unsigned)edge_bucket_left(&requests, edge_span_of(key), edge_clock_mono(), &next);
    return wait;
}

unsigned admin_pace_failure(edge_ipaddr_t address) {
    return take(&failures, edge_span((const char *)address.bytes, sizeof(address.bytes)));
}

bool admin_pace_ticket(const char *id) { return take(&tickets, edge_span_of(id)) == 0; }
void admin_pace_end_session(const char *id) { take(&ended, edge_span_of(id)); }
bool admin_pace_has_ended(const char *id) {
    edge_mono_t next;
    return edge_bucket_left(&ended, edge_span_of(id), edge_clock_mono(), &next) == 0;
}
