/* What only the whole configuration can show to be wrong with queues and their next hops. */
#include <stdio.h>

#include "proto/conf_parse.h"
#include "recipient_ask.h"
#include "relay.h"
#include "relay_conf.h"
#include "relay_hold.h"

/* The next hop that a queue without a store names. */
static void check_relay(edge_conf_check_t *run, const edge_section_t *queue) {
    const relay_queue_conf_t *conf = edge_section_conf(queue, &relay_module);
    if (!conf || conf->relay.len == 0)
        return;
    const edge_section_t *handoff = relay_handoff_named(queue, conf->relay);
    const edge_relay_t *relay = handoff ? handoff->instance : NULL;
    if (edge_section_wrote(queue, "Spool", NULL, NULL))
        edge_conf_error_in(run, queue, "Relay", "EDG10948",
                           "<Queue %s> has a Spool and a Relay: it either stores messages or does not", queue->name.at);
    else if (!handoff)
        edge_conf_error_in(run, queue, "Relay", "EDG10949", "<Handoff %s> is not defined in <Queue %s>", conf->relay.at,
                           queue->name.at);
    else if (relay && relay->provider->by_domain && relay->provider->by_domain(relay->settings))
        edge_conf_error_in(
            run, handoff, NULL, "EDG10950",
            "<Handoff %s> has no Address: a queue that stores nothing has one next hop for all recipients",
            handoff->name.at);
}

/* What only a spool's forwarder reads. */
static const char *const of_forwarder[] = {"Retry",       "Expire",   "DelayNotice", "BounceReturn",
                                           "Connections", "InFlight", "InHand"};

/* Something else than the default: a printed configuration has all defaults written out. */
static bool wrote_other(const edge_section_t *section, const char *name) {
    const edge_conf_node_t *node = edge_section_written(section, name);
    const edge_directive_t *row = relay_directives;
    char text[256] = "";
    size_t len = 0;
    while (strcmp(row->name, name) != 0)
        row++;
    for (unsigned i = 0; node && i < node->count && len < sizeof(text); i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "", node->arguments[i].text.at);
    return node && (!row->initial || strcmp(text, row->initial) != 0);
}

static void warn_unread(edge_conf_check_t *run, const edge_section_t *queue, const edge_section_t *handoff) {
    for (unsigned i = 0; i < EDGE_COUNT(of_forwarder); i++)
        if (wrote_other(handoff, of_forwarder[i]))
            edge_conf_warn_in(run, handoff, of_forwarder[i], "EDG20015",
                              "%s has no effect: <Queue %s> stores nothing, so nothing waits or is reported",
                              of_forwarder[i], queue->name.at);
}

static void check_handoff(edge_conf_check_t *run, const edge_section_t *queue, const edge_section_t *handoff) {
    const relay_conf_t *conf = edge_section_conf(handoff, &relay_module);
    if (edge_section_written(queue, "Relay"))
        warn_unread(run, queue, handoff);
    if (!conf->bounce && wrote_other(handoff, "DelayNotice"))
        edge_conf_error_in(run, handoff, "DelayNotice", "EDG10967",
                           "DelayNotice has no meaning with Bounce off: nobody is told anything");
    if (!conf->bounce && wrote_other(handoff, "BounceReturn"))
        edge_conf_error_in(run, handoff, "BounceReturn", "EDG10967",
                           "BounceReturn has no meaning with Bounce off: nobody is told anything");
    if (conf->delay_notice >= conf->expire)
        edge_conf_error_in(run, handoff, "DelayNotice", "EDG10967",
                           "DelayNotice is not below Expire: the message would be given up before its delay is told");
    if (conf->address_count > 0 && wrote_other(handoff, "Port"))
        edge_conf_error_in(run, handoff, "Port", "EDG10967",
                           "Port is of hosts that MX records name: with Address write HOST:PORT there");
}

/* Where a queue without a store puts what its next hop cannot take. */
static void check_fallback(edge_conf_check_t *run, const edge_snapshot_t *snapshot, const edge_section_t *queue) {
    relay_queue_conf_t *conf = edge_section_conf(queue, &relay_module);
    if (!conf || conf->fallback.len == 0)
        return;
    const edge_section_t *other = edge_snapshot_find(snapshot, EDGE_SCOPE_QUEUE, conf->fallback);
    if (conf->relay.len == 0)
        edge_conf_error_in(run, queue, "RelayFallback", "EDG10965",
                           "<Queue %s> stores its messages: RelayFallback is for a queue with Relay", queue->name.at);
    else if (!other)
        edge_conf_error_in(run, queue, "RelayFallback", "EDG10966", "queue \"%s\" is not defined", conf->fallback.at);
    else if (!edge_section_wrote(other, "Spool", NULL, NULL))
        edge_conf_error_in(run, queue, "RelayFallback", "EDG10966",
                           "<Queue %s> has no Spool: what the next hop cannot take has to be stored", other->name.at);
    else
        conf->fallback_queue = other;
}

/* A server that took a broken file for none would deliver what an operator has stopped. */
static void check_holds(edge_conf_check_t *run, const edge_section_t *server) {
    const relay_server_conf_t *conf = edge_section_conf(server, &relay_module);
    char why[200];
    if (conf->holds.at && relay_holds_check(conf->holds.at, why, sizeof(why)) != APR_SUCCESS)
        edge_conf_error_in(run, server, "QueueHolds", "EDG10999",
                           "the holds in %s cannot be read: %s; mend the file, or remove it to lift them all",
                           conf->holds.at, why);
}

void relay_conf_check(edge_conf_check_t *run, const edge_snapshot_t *snapshot) {
    recipient_conf_check(run, snapshot);
    check_holds(run, edge_snapshot_server(snapshot));
    for (const edge_section_t *queue = edge_snapshot_server(snapshot)->first; queue; queue = queue->next) {
        const edge_section_t *handoff = queue->scope == EDGE_SCOPE_QUEUE ? relay_handoff_of(queue) : NULL;
        const edge_section_t *second = handoff ? relay_handoff_next(handoff->next) : NULL;
        if (queue->scope == EDGE_SCOPE_QUEUE)
            check_relay(run, queue);
        if (queue->scope == EDGE_SCOPE_QUEUE)
            check_fallback(run, snapshot, queue);
        for (const edge_section_t *each = handoff; each; each = relay_handoff_next(each->next))
            check_handoff(run, queue, each);
        if (second && edge_section_wrote(queue, "Spool", NULL, NULL))
            edge_conf_error_in(run, second, NULL, "EDG10947", "<Queue %s> has a next hop already: <Handoff %s> (%s:%u)",
                               queue->name.at, handoff->name.at, handoff->file, handoff->line);
    }
}
