/* Checks of listeners, queues, disk, certificates, workers, configuration, clock and DNS. */
#include "core/health.h"

#include <apr_strings.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "core/openness.h"
#include "core/snapshot.h"
#include "core/visit.h"
#include "edge_counter.h"
#include "edge_queue.h"
#include "edge_session.h"
#include "edge_tls.h"

#define PATIENCE EDGE_SECONDS(1)
#define INODES_LEAST 50000u
#define BYTES_LEAST (UINT64_C(2) << 30)
#define DAYS_LEAST 14

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

const char *edge_health_word(edge_health_t status) {
    static const char *const words[] = {"ok", "warn", "fail"};
    return words[status];
}

/* The worst of what is said about one thing stands, with its reason. */
static void say(edge_health_check_t *check, edge_health_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(edge_health_check_t *check, edge_health_t status, const char *format, ...) {
    va_list arguments;
    if (status < check->status || (status == check->status && check->detail[0]))
        return;
    check->status = status;
    va_start(arguments, format);
    vsnprintf(check->detail, sizeof(check->detail), format, arguments);
    va_end(arguments);
}

/* Listeners */

typedef struct openness {
    unsigned all, shut;
    char first[64]; /* name of one that is shut */
} openness_t;

static openness_t look_at_openness(void) {
    openness_t found = {0, 0, ""};
    edge_snapshot_t *snapshot = edge_snapshot_current();
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        const edge_listener_t *listener = section->instance;
        if (section->scope != EDGE_SCOPE_LISTENER || !listener || listener->protocol->takes_no_mail)
            continue;
        found.all++;
        if (!edge_draining() && edge_openness_of(section->name).state == EDGE_OPEN)
            continue;
        if (found.shut++ == 0)
            apr_cpystrn(found.first, section->name.at, sizeof(found.first));
    }
    edge_snapshot_drop(snapshot);
    return found;
}

static void look_at_listeners(edge_health_check_t *check) {
    openness_t found = look_at_openness();
    if (edge_draining())
        say(check, EDGE_HEALTH_FAIL, "the server drains: no listener takes connections");
    else if (found.shut == found.all && found.all > 0)
        say(check, EDGE_HEALTH_FAIL, "no listener takes connections");
    else if (found.shut > 0)
        say(check, EDGE_HEALTH_WARN, "%u of %u listeners take no connections, %s among them", found.shut, found.all,
            found.first);
    else
        say(check, EDGE_HEALTH_OK, "%u listeners take connections", found.all);
}

/* Queues */

static void look_at_queue(edge_queue_t *queue, edge_health_check_t *spool, edge_health_check_t *disk) {
    edge_queue_stat_t stat;
    struct statvfs files;
    if (!queue->provider->stat || queue->provider->stat(queue, &stat) != APR_SUCCESS)
        return;
    if (!stat.accepting)
        say(spool, EDGE_HEALTH_FAIL, "queue %s takes no messages: %.*s", queue->name, (int)stat.trouble.len,
            stat.trouble.len ? stat.trouble.at : "");
    if (!queue->directory)
        return;
    if (stat.disk_free < BYTES_LEAST)
        say(disk, EDGE_HEALTH_WARN, "%llu MiB are free for queue %s", (unsigned long long)(stat.disk_free >> 20),
            queue->name);
    if (statvfs(queue->directory, &files) == 0 && files.f_files > 0 && files.f_favail < INODES_LEAST)
        say(disk, EDGE_HEALTH_WARN, "%llu inodes are free for queue %s", (unsigned long long)files.f_favail,
            queue->name);
}

static void look_at_queues(edge_health_check_t *spool, edge_health_check_t *disk) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_queue_t *queue;
    for (unsigned i = 0; (queue = edge_snapshot_queue(snapshot, i)) != NULL; i++)
        look_at_queue(queue, spool, disk);
    edge_snapshot_drop(snapshot);
    say(spool, EDGE_HEALTH_OK, "all queues take messages");
    say(disk, EDGE_HEALTH_OK, "there is room");
}

/* Certificates */

static void look_at_certificate(void *context, const edge_tls_certificate_t *certificate) {
    edge_health_check_t *check = context;
    int64_t left = (certificate->not_after - edge_clock_read().wall) / 1000000;
    if (left <= 0)
        say(check, EDGE_HEALTH_FAIL, "%s has expired", certificate->file);
    else if (left < (int64_t)DAYS_LEAST * 86400)
        say(check, EDGE_HEALTH_WARN, "%s expires in %lld hours", certificate->file, (long long)(left / 3600));
}

static void look_at_certificates(edge_health_check_t *check) {
    const edge_tls_provider_t *provider = edge_tls_provider();
    if (provider && provider->certificates)
        provider->certificates(look_at_certificate, check);
    say(check, EDGE_HEALTH_OK, provider ? "all are good for %d days" : "there are none", DAYS_LEAST);
}

/* Workers */

static bool nothing(edge_worker_t *worker, const void *question, void *place) {
    (void)worker;
    (void)question;
    (void)place;
    return false;
}

static void look_at_workers(edge_health_check_t *check) {
    edge_visit_plan_t plan = {nothing, NULL, 0, NULL, 0};
    edge_visit_t *visit = edge_visit_start(&plan);
    unsigned silent = edge_visit_wait(visit, PATIENCE), all = edge_visit_count(visit);
    edge_visit_end(visit);
    if (silent > 0)
        say(check, EDGE_HEALTH_FAIL, "%u of %u workers do not answer within a second", silent, all);
    else
        say(check, EDGE_HEALTH_OK, "%u workers answer", all);
}

/* Configuration, clock, DNS */

static void look_at_configuration(edge_health_check_t *check) {
    if (!edge_counter_sum(EDGE_C_CONFIG_RELOAD_GOOD))
        say(check, EDGE_HEALTH_WARN, "the last reload was refused: the configuration before it goes on");
    else
        say(check, EDGE_HEALTH_OK, "generation %lld is in force",
            (long long)edge_counter_sum(EDGE_C_CONFIG_GENERATION));
}

static void look_at_clock(edge_health_check_t *check) {
    struct timex clock = {.modes = 0};
    int state = adjtimex(&clock);
    if (state < 0 || state == TIME_ERROR || (clock.status & STA_UNSYNC))
        say(check, EDGE_HEALTH_WARN, "the system's clock is not synchronised");
    else
        say(check, EDGE_HEALTH_OK, "synchronised");
}

/* Over the last minute or two: the sums of the minute before are kept. */
static void look_at_dns(edge_health_check_t *check, edge_mono_t now) {
    static int64_t queries[2], failed[2];
    static edge_mono_t begun;
    int64_t asked = edge_counter_sum(EDGE_C_DNS_QUERIES), lost = edge_counter_sum(EDGE_C_DNS_FAILED);
    if (begun == 0 || now - begun > EDGE_SECONDS(60)) {
        queries[0] = begun ? queries[1] : asked;
        failed[0] = begun ? failed[1] : lost;
        queries[1] = asked;
        failed[1] = lost;
        begun = now;
    }
    asked -= queries[0];
    lost -= failed[0];
    if (asked >= 10 && lost * 2 > asked)
        say(check, EDGE_HEALTH_WARN, "%lld of the last %lld questions were not answered", (long long)lost,
            (long long)asked);
    else
        say(check, EDGE_HEALTH_OK, asked ? "name servers answer" : "nothing was asked lately");
}

/* Since when each says what it says. */
static void remember(edge_health_check_t *checks, apr_time_t now) {
    static struct {
        edge_health_t status;
        apr_time_t since;
    } before[EDGE_HEALTH_COUNT];
    for (unsigned i = 0; i < EDGE_HEALTH_COUNT; i++) {
        if (before[i].since == 0 || before[i].status != checks[i].status) {
            before[i].status = checks[i].status;
            before[i].since = now;
        }
        checks[i].since = before[i].since;
    }
}

void edge_health_look(edge_health_check_t checks[EDGE_HEALTH_COUNT]) {
    static const char *const names[EDGE_HEALTH_COUNT] = {"listeners", "spool",         "disk",  "certificates",
                                                         "workers",   "configuration", "clock", "dns"};
    edge_clock_t now = edge_clock_read();
    memset(checks, 0, sizeof(*checks) * EDGE_HEALTH_COUNT);
    for (unsigned i = 0; i < EDGE_HEALTH_COUNT; i++)
        checks[i].name = names[i];
    look_at_listeners(&checks[EDGE_HEALTH_LISTENERS]);
    look_at_queues(&checks[EDGE_HEALTH_SPOOL], &checks[EDGE_HEALTH_DISK]);
    look_at_certificates(&checks[EDGE_HEALTH_CERTIFICATES]);
    look_at_workers(&checks[EDGE_HEALTH_WORKERS]);
    look_at_configuration(&checks[EDGE_HEALTH_CONFIGURATION]);
    look_at_clock(&checks[EDGE_HEALTH_CLOCK]);
    pthread_mutex_lock(&lock);
    look_at_dns(&checks[EDGE_HEALTH_DNS], now.mono);
    remember(checks, now.wall);
    pthread_mutex_unlock(&lock);
}

bool edge_health_ready(char *why, unsigned size) {
    edge_health_check_t spool = {.name = "spool"}, disk = {.name = "disk"};
    openness_t found = look_at_openness();
    if (edge_draining()) {
        snprintf(why, size, "the server drains");
        return false;
    }
    if (found.shut == found.all) {
        snprintf(why, size, "no listener takes connections");
        return false;
    }
    look_at_queues(&spool, &disk);
    if (spool.status == EDGE_HEALTH_FAIL) {
        snprintf(why, size, "%s", spool.detail);
        return false;
    }
    return true;
}
