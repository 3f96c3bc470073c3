/* Queue entries and figures as JSON. */
#include "store/queue_json.h"
#include "edge_clock.h"
#include "proto/envelope_json.h"

void edge_queue_json_entry(edge_json_t *json, const char *queue, const edge_queue_entry_t *entry, bool full) {
    edge_json_object(json);
    edge_json_put_string(json, "queue", queue);
    edge_json_put_string(json, "state", edge_message_state_name(entry->state));
    if (entry->envelope != NULL) {
        edge_envelope_json(json, entry->envelope, full);
        if (entry->envelope->given_up) {
            edge_json_put_bool(json, "given_up", true);
        }
    } else {
        edge_envelope_json_unreadable(json, entry->id);
    }
    edge_json_object_end(json);
}

void edge_queue_json_stat(edge_json_t *json, const edge_queue_stat_t *stat) {
    char oldest[EDGE_CLOCK_RFC3339_SIZE];
    edge_clock_rfc3339(stat->oldest, oldest);
    edge_json_put_number(json, "messages", (int64_t)stat->messages);
    edge_json_put_number(json, "held", (int64_t)stat->held);
    edge_json_put_number(json, "deferred", (int64_t)stat->deferred);
    edge_json_put_number(json, "leased", (int64_t)stat->leased);
    edge_json_put_number(json, "damaged", (int64_t)stat->damaged);
    edge_json_put_number(json, "bytes", (int64_t)stat->bytes);
    edge_json_put_number(json, "disk_bytes", (int64_t)stat->disk_bytes);
    edge_json_put_number(json, "disk_most", (int64_t)stat->disk_most);
    edge_json_put_number(json, "disk_free", (int64_t)stat->disk_free);
    edge_json_put_string(json, "oldest", stat->oldest != 0 ? oldest : NULL);
    edge_json_put_number(json, "commits", (int64_t)stat->commits);
    edge_json_put_number(json, "syncs", (int64_t)stat->syncs);
    edge_json_put_number(json, "batches", (int64_t)stat->batches);
    edge_json_put_bool(json, "accepting", stat->accepting);
    edge_json_put_text(json, "trouble", stat->trouble, 0);
}
