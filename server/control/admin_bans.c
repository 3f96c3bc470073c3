/* Admin routes about bans: list, add, lift. */
#include "control/admin_priv.h"
#include "core/bans.h"
#include "edge_conf.h"
#include "edge_log.h"

#include <apr_strings.h>
#include <stdlib.h>

EDGE_LOG_AREA(edge_admin_bans_log, "bans")

enum { ADD_ADDRESS, ADD_FOR };
const edge_admin_argument_t edge_admin_bans_add_arguments[] = {
    [ADD_ADDRESS] = {.name = "address",
                     .kind = EDGE_ADMIN_TEXT,
                     .required = true,
                     .prose = "An address, or a network as ADDRESS/LENGTH."},
    [ADD_FOR] = {.name = "for",
                 .kind = EDGE_ADMIN_SECONDS,
                 .min = EDGE_SECONDS(1),
                 .max = EDGE_SECONDS(100 * 365 * 86400L),
                 .prose = "How long, as 90s, 15m, 1h or 2d; in a body seconds; until lifted when not given."},
    {.name = NULL},
};

static void put_time(edge_json_t *json, const char *key, apr_time_t when) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    edge_clock_rfc3339(when, text);
    edge_json_put_string(json, key, text);
}

static void put_ban(edge_json_t *json, const edge_ban_t *ban, edge_clock_t now) {
    char address[EDGE_IPADDR_NETWORK_TEXT];
    edge_ipaddr_format_network(ban->address, ban->bits, address);
    edge_json_object(json);
    edge_json_put_string(json, "address", address);
    edge_json_put_string(json, "source", ban->manual ? "manual" : "auto");
    put_time(json, "since", ban->since);
    if (ban->until == EDGE_BANS_FOREVER) {
        edge_json_put_string(json, "expires", NULL);
    } else {
        put_time(json, "expires", now.wall + (ban->until - now.mono));
    }
    edge_json_put_number(json, "hits", ban->hits);
    edge_json_put_string(json, "reason", ban->reason);
    edge_json_object_end(json);
}

static int by_newest(const void *left, const void *right) {
    const edge_ban_t *a = left, *b = right;
    return a->since < b->since ? 1 : a->since > b->since ? -1 : 0;
}

/* The list may grow between counting and copying: what does not fit then is left for the next look. */
void edge_admin_bans_list(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_clock_t now = edge_clock_read();
    unsigned room = edge_bans_list(NULL, 0, now.mono);
    edge_ban_t *bans = apr_pcalloc(request->pool, (room + 1) * sizeof *bans);
    unsigned count = edge_bans_list(bans, room, now.mono);
    count = count < room ? count : room;
    qsort(bans, count, sizeof *bans, by_newest);
    edge_admin_list_start(answer);
    for (unsigned i = 0; i < count; i++) {
        put_ban(json, &bans[i], now);
    }
    edge_admin_list_end(answer, NULL, count);
}

/* Address and length from the text; false after a problem was answered. */
static bool read_network(edge_span_t text, edge_ban_t *ban, edge_admin_answer_t *answer) {
    if (text.len > 0 && edge_ipaddr_parse_network(text, &ban->address, &ban->bits)) {
        return true;
    }
    edge_admin_problem(answer, 422, "bad-address", "\"%.100s\" is no address and no network.",
                       text.at != NULL ? text.at : "");
    return false;
}

static bool read_reason(edge_span_t text, edge_ban_t *ban, edge_admin_answer_t *answer) {
    if (text.len >= sizeof ban->reason) {
        edge_admin_problem(answer, 422, "too-long", "A reason has at most %zu octets.", sizeof ban->reason - 1);
        return false;
    }
    apr_cpystrn(ban->reason, text.at != NULL ? text.at : "", sizeof ban->reason);
    return true;
}

void edge_admin_bans_add(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_clock_t now = edge_clock_read();
    edge_ban_t ban = {.manual = true, .since = now.wall};
    ban.until =
        request->arguments[ADD_FOR].at != NULL ? now.mono + (edge_mono_t)request->numbers[ADD_FOR] : EDGE_BANS_FOREVER;
    char address[EDGE_IPADDR_NETWORK_TEXT];
    if (!read_network(request->arguments[ADD_ADDRESS], &ban, answer) || !read_reason(request->reason, &ban, answer)) {
        return;
    }
    if (!edge_bans_add(&ban, now.mono)) {
        edge_admin_problem(answer, 507, "no-room", "The list of bans has no room for this one; lift another.");
        return;
    }
    edge_ipaddr_format_network(ban.address, ban.bits, address);
    EDGE_LOG(&edge_admin_bans_log, EDGE_LOG_NOTICE, 910, "%s is banned by %s%s%s%s%s", address, request->who,
             request->arguments[ADD_FOR].at != NULL ? " for " : "",
             request->arguments[ADD_FOR].at != NULL ? request->arguments[ADD_FOR].at : "",
             ban.reason[0] != '\0' ? ": " : "", ban.reason);
    edge_audit(request, "ban.add", address, NULL,
               request->arguments[ADD_FOR].at != NULL ? request->arguments[ADD_FOR].at : "until lifted", "done");
    put_ban(edge_admin_json(answer), &ban, now);
}

/* Whoever lifts the ban of an IPv6 address has seen that address in a log; what is banned is its client's network. */
static unsigned lift(edge_ban_t *ban, edge_mono_t now) {
    unsigned lifted = edge_bans_lift(ban->address, ban->bits, now);
    if (lifted == 0 && ban->bits == 128) {
        ban->bits = edge_bans_clients_network(&ban->address);
        lifted = ban->bits == 128 ? 0 : edge_bans_lift(ban->address, ban->bits, now);
    }
    return lifted;
}

void edge_admin_bans_lift(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_span_t text = request->pieces[0];
    edge_mono_t now = edge_clock_read().mono;
    edge_ban_t ban = {.bits = 0};
    unsigned lifted;
    if (edge_span_equal(text, edge_span_of("all"))) {
        lifted = edge_bans_lift(ban.address, 0, now);
    } else {
        if (!read_network(text, &ban, answer)) {
            return;
        }
        lifted = lift(&ban, now);
        if (lifted == 0) {
            edge_admin_problem(answer, 404, "not-found", "%s is not banned.", text.at);
            return;
        }
    }
    edge_audit(request, "ban.lift", text.at, NULL, NULL, "done");
    EDGE_LOG(&edge_admin_bans_log, EDGE_LOG_NOTICE, 911, "ban of %s lifted by %s (%u)", text.at, request->who, lifted);
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_text(json, "address", text, 0);
    edge_json_put_number(json, "lifted", lifted);
    edge_json_object_end(json);
}
