/* events: what happens, as it happens. */
#include <apr_strings.h>
#include <apr_time.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"

#define AGAIN_AFTER APR_USEC_PER_SEC

enum { EVENTS_TYPES };
const ctl_flag_t ctl_events_flags[] = {
    [EVENTS_TYPES] = {"--types", "LIST",
                      "only these: tick, session, queue, config, validator, listener, audit; all but tick without it"},
    {.name = NULL},
};

typedef struct watching {
    ctl_t *ctl;
    apr_pool_t *pool; /* of one event */
    char last[24];    /* its id; "": none yet */
} watching_t;

/* The moment is this machine's: events have none of their own. */
static void print_event(const ctl_event_t *event, apr_pool_t *pool) {
    apr_time_exp_t now;
    apr_time_exp_lt(&now, apr_time_now());
    printf("%02d:%02d:%02d %-9s %s\n", now.tm_hour, now.tm_min, now.tm_sec, ctl_human_clean(event->type, pool),
           ctl_human_clean(event->data, pool));
}

static void take(void *context, const ctl_event_t *event) {
    watching_t *watching = context;
    if (event->id.len > 0 && event->id.len < sizeof watching->last) {
        memcpy(watching->last, event->id.at, event->id.len);
        watching->last[event->id.len] = '\0';
    }
    if (watching->ctl->output == CTL_TABLE) {
        print_event(event, watching->pool);
    } else {
        ctl_print_json(edge_span_of(apr_psprintf(watching->pool, "{\"type\":\"%s\",\"data\":%.*s}",
                                                 ctl_human_clean(event->type, watching->pool), (int)event->data.len,
                                                 event->data.at)));
    }
    fflush(stdout);
    apr_pool_clear(watching->pool);
}

/* A reload ends the stream: it is gone on with in the next process, behind the last event. */
ctl_exit_t ctl_events(ctl_t *ctl) {
    watching_t watching = {.ctl = ctl};
    const char *types =
        ctl->flags[EVENTS_TYPES] != NULL ? ctl->flags[EVENTS_TYPES] : "session,queue,config,validator,listener,audit";
    const char *target = apr_pstrcat(ctl->pool, "/api/v1/events?types=", ctl_escape(types, ctl->pool), NULL);
    ctl_exit_t code;
    apr_pool_create(&watching.pool, ctl->pool);
    while ((code = ctl_demand_events(ctl, target, watching.last, take, &watching)) == CTL_OK) {
        apr_sleep(AGAIN_AFTER);
    }
    return code;
}
