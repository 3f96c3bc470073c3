/* Watches over the children: starts, replaces, drains and stops them. */
#include "supervise.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "control/admin_repeat.h"
#include "core/buckets.h"
#include "core/closed_sessions.h"
#include "control/history.h"
#include "core/openness.h"
#include "core/rejections.h"
#include "core/failures.h"
#include "core/operations.h"
#include "core/override_store.h"
#include "core/places.h"
#include "core/recall.h"
#include "edge_counter.h"
#include "edge_log.h"
#include "edge_obj.h"
#include "edge_secret.h"
#include "file_keeper.h"
#include "manager.h"
#include "parent_conf.h"
#include "parent_files.h"
#include "parent_test.h"
#include "sockets.h"

EDGE_LOG_AREA(edge_supervise_log, "supervise")

#define QUICK_DEATH EDGE_SECONDS(10) /* a child that lived less long was not well */
#define BACKOFF_MOST EDGE_SECONDS(30)
#define STOP_GRACE EDGE_SECONDS(15) /* beyond GracefulTimeout, before SIGKILL */

typedef enum stage { STAGE_NONE, STAGE_STARTING, STAGE_SERVING, STAGE_DRAINING } stage_t;

typedef struct child {
    stage_t stage;
    pid_t pid;
    uint64_t generation;
    edge_mono_t started;
    int command, status; /* our ends of its pipes */
    edge_file_keeper_t files;
    bool alive; /* its workers have turned since the service manager was told so */
} child_t;

typedef struct parent {
    const edge_supervision_t *supervision;
    edge_parent_conf_t *conf;    /* in force: the first one, then the last that a child served with */
    edge_parent_conf_t *pending; /* of the child that is starting, when it is another */
    edge_parent_files_t files;
    edge_sockets_t sockets;
    child_t children[EDGE_PLACES_CHILDREN];
    uint64_t generation;
    edge_mono_t restart_at; /* 0 = no restart is due */
    edge_mono_t backoff;
    edge_mono_t kill_at; /* while stopping */
    bool served;         /* some child has been ready */
    bool stopping, stopping_now, reload_wanted;
    uint64_t reloading;     /* the operation that asked for it; 0: a signal did, or nobody */
    char reloading_for[64]; /* who */
    edge_parent_test_t test;
    edge_manager_t manager;
    int exit_status;
    int signals;
} parent_t;

static edge_mono_t now_mono(void) { return edge_clock_read().mono; }

static const edge_core_server_conf_t *server_conf(const parent_t *parent) {
    return edge_parent_conf_server(parent->conf);
}

static void tell(const child_t *child, char command) {
    /* A child that is gone is noticed by its end, not here. */
    if (write(child->command, &command, 1) < 0)
        EDGE_LOG_STATUS(&edge_supervise_log, EDGE_LOG_DEBUG, 500, errno, "child %d takes no commands", (int)child->pid);
}

static void tell_all(parent_t *parent, char command) {
    for (unsigned i = 0; i < EDGE_PLACES_CHILDREN; i++)
        if (parent->children[i].stage != STAGE_NONE)
            tell(&parent->children[i], command);
}

static child_t *child_at_stage(parent_t *parent, stage_t stage) {
    for (unsigned i = 0; i < EDGE_PLACES_CHILDREN; i++)
        if (parent->children[i].stage == stage)
            return &parent->children[i];
    return NULL;
}

/* Starting a child */

static void become_child(parent_t *parent, unsigned slot, int command, int status, int files) {
    sigset_t none;
    sigemptyset(&none);
    for (unsigned i = 0; i < EDGE_PLACES_CHILDREN; i++)
        if (parent->children[i].stage != STAGE_NONE) {
            close(parent->children[i].command);
            if (parent->children[i].status >= 0)
                close(parent->children[i].status);
            edge_file_keeper_close(&parent->children[i].files);
        }
    close(parent->signals);
    if (parent->supervision->ready_descriptor >= 0)
        close(parent->supervision->ready_descriptor);
    sigprocmask(SIG_SETMASK, &none, NULL);
    edge_child_seed_t seed = {
        .source = parent->pending ? &parent->pending->source : &parent->conf->source,
        .sockets = &parent->sockets,
        .error_log = server_conf(parent)->error_log,
        .foreground = parent->supervision->foreground,
        .slot = slot,
        .generation = parent->generation,
        .heartbeat = edge_manager_heartbeat(&parent->manager),
        .command_descriptor = command,
        .status_descriptor = status,
        .files_descriptor = files,
    };
    edge_notify_close(&parent->manager.notify);
    edge_child_run(&seed);
}

/* For modules that a child runs and this process does not. */
static int listen_for_child(void *context, const char *address, int *fd) {
    parent_t *parent = context;
    return parent->stopping ? ECANCELED : edge_sockets_ask(&parent->sockets, address, fd);
}

/* Two pipes and a socket pair; on failure none is left. */
static bool make_channels(int command[2], int status[2], edge_file_keeper_t *files, int *childs_files) {
    if (pipe2(command, O_CLOEXEC) < 0)
        return false;
    if (pipe2(status, O_CLOEXEC) == 0) {
        if (edge_file_keeper_open(files, childs_files) == APR_SUCCESS)
            return true;
        close(status[0]);
        close(status[1]);
    }
    close(command[0]);
    close(command[1]);
    return false;
}

/* False: no child could be made. */
static bool start_child(parent_t *parent) {
    int command[2], status[2], childs_files;
    edge_file_keeper_t files;
    child_t *child = child_at_stage(parent, STAGE_NONE);
    if (!child) {
        EDGE_LOG(&edge_supervise_log, EDGE_LOG_ERROR, 501, "%d generations are still draining: no new one is started",
                 EDGE_PLACES_CHILDREN);
        return false;
    }
    if (!make_channels(command, status, &files, &childs_files)) {
        EDGE_LOG_STATUS(&edge_supervise_log, EDGE_LOG_ERROR, 519, errno, "no channels to a child can be made");
        return false;
    }
    files.listen = listen_for_child;
    files.context = parent;
    parent->generation++;
    pid_t pid = fork();
    if (pid == 0) {
        close(command[1]);
        close(status[0]);
        edge_file_keeper_close(&files);
        become_child(parent, (unsigned)(child - parent->children), command[0], status[1], childs_files);
    }
    close(command[0]);
    close(status[1]);
    close(childs_files);
    if (pid < 0) {
        EDGE_LOG_STATUS(&edge_supervise_log, EDGE_LOG_ERROR, 502, errno, "cannot fork");
        close(command[1]);
        close(status[0]);
        edge_file_keeper_close(&files);
        return false;
    }
    *child = (child_t){STAGE_STARTING, pid, parent->generation, now_mono(), command[1], status[0], files, false};
    return true;
}

static void set_gauge(unsigned slot, int64_t value) { edge_counter_add(slot, value - edge_counter_sum(slot)); }

/* A child in the place of one that crashed puts no configuration in force that was not. */
static void count_generation(uint64_t generation, bool is_loaded, bool replaces) {
    set_gauge(EDGE_C_CONFIG_GENERATION, (int64_t)generation);
    if (replaces)
        edge_counter_add(EDGE_C_RESTARTS_RELOAD, 1);
    if (!is_loaded)
        return;
    edge_counter_add(EDGE_C_CONFIG_RELOADS_OK, 1);
    set_gauge(EDGE_C_CONFIG_RELOAD_GOOD, 1);
    set_gauge(EDGE_C_CONFIG_RELOADED_AT, edge_clock_read().wall / 1000000);
}

static void say_ready(const parent_t *parent) {
    char ready = EDGE_CHILD_READY;
    if (parent->supervision->ready_descriptor >= 0 && write(parent->supervision->ready_descriptor, &ready, 1) < 0)
        EDGE_LOG_STATUS(&edge_supervise_log, EDGE_LOG_WARN, 503, errno, "nobody waits for the start any more");
}

/* The child that starts serves with it: what the parent itself takes from it holds from now on. */
static void take_pending(parent_t *parent) {
    edge_parent_conf_t *old = parent->conf;
    if (!parent->pending)
        return;
    parent->conf = parent->pending;
    parent->pending = NULL;
    edge_parent_files_move(&parent->files, parent->conf);
    edge_parent_conf_drop(old);
}

static void drop_pending(parent_t *parent) {
    edge_parent_conf_drop(parent->pending);
    parent->pending = NULL;
    edge_sockets_rollback(&parent->sockets);
}

/* For whoever asks later which configurations there were. */
static void note_generation(parent_t *parent, const edge_parent_conf_t *conf, uint64_t generation, const char *result) {
    edge_generation_t note = {.generation = generation, .at = edge_clock_read().wall};
    const char *who = parent->reloading_for[0]  ? parent->reloading_for
                      : !parent->served         ? "start"
                      : parent->pending == NULL ? "crash"
                                                : "signal";
    apr_cpystrn(note.who, who, sizeof(note.who));
    apr_cpystrn(note.result, result, sizeof(note.result));
    for (const edge_conf_file_t *file = conf ? edge_snapshot_tree(conf->snapshot)->files : NULL; file;
         file = file->next)
        note.files++;
    note.dropped = conf ? edge_operations_dropped() : 0;
    edge_generations_note(&note);
}

static void end_reload(parent_t *parent, bool good, uint64_t generation) {
    static const edge_span_t refused = EDGE_SPAN("{\"detail\":\"The error log says what is wrong.\"}");
    if (parent->reloading && good)
        edge_operation_reloaded(parent->reloading, generation);
    else if (parent->reloading)
        edge_operation_end(parent->reloading, false, refused);
    parent->reloading = 0;
    parent->reloading_for[0] = '\0';
}

static void child_is_ready(parent_t *parent, child_t *child) {
    child_t *old = child_at_stage(parent, STAGE_SERVING);
    bool is_loaded = parent->pending || !parent->served;
    child->stage = STAGE_SERVING;
    parent->restart_at = 0;
    edge_sockets_commit(&parent->sockets);
    note_generation(parent, parent->pending ? parent->pending : parent->conf, child->generation, "serving");
    take_pending(parent);
    end_reload(parent, true, child->generation);
    count_generation(child->generation, is_loaded, old != NULL);
    if (old) {
        old->stage = STAGE_DRAINING;
        tell(old, EDGE_CHILD_RETIRE);
    }
    EDGE_LOG(&edge_supervise_log, EDGE_LOG_NOTICE, 504, "generation %llu serves, process %d",
             (unsigned long long)child->generation, (int)child->pid);
    if (!parent->served) {
        edge_parent_files_settle(&parent->files);
        say_ready(parent);
    }
    parent->served = true;
    edge_manager_ready(&parent->manager, child->generation, false);
    if (parent->stopping)
        tell(child, EDGE_CHILD_STOP);
}

/* Loading the parent's part of the configuration */

static bool bind_all(parent_t *parent, const edge_parent_conf_t *conf) {
    const char *why = NULL;
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    apr_status_t status = edge_sockets_bind(&parent->sockets, conf->snapshot, pool, &why);
    if (status != APR_SUCCESS)
        EDGE_LOG(&edge_supervise_log, EDGE_LOG_ERROR, 506, "%s", why);
    apr_pool_destroy(pool);
    return status == APR_SUCCESS;
}

/* False after it has said why. */
static bool read_conf(const parent_t *parent, edge_parent_conf_t **read) {
    return edge_parent_conf_read(parent->supervision->source, read, stderr) == APR_SUCCESS;
}

/* Binds what it wants and hands it over as `conf`. False after it has said why, and it is dropped. */
static bool take_addresses(parent_t *parent, edge_parent_conf_t *read, edge_parent_conf_t **conf) {
    if (!bind_all(parent, read)) {
        edge_parent_conf_drop(read);
        return false;
    }
    *conf = read;
    return true;
}

static uint64_t serving_generation(parent_t *parent) {
    const child_t *child = child_at_stage(parent, STAGE_SERVING);
    return child ? child->generation : 0;
}

/* `counter` says whether the configuration was wrong or what it needs could not be had. */
static void count_refusal(parent_t *parent, unsigned counter) {
    if (!parent->reloading_for[0])
        apr_cpystrn(parent->reloading_for, "signal", sizeof(parent->reloading_for));
    note_generation(parent, NULL, parent->generation, "refused");
    end_reload(parent, false, 0);
    edge_counter_add(counter, 1);
    set_gauge(EDGE_C_CONFIG_RELOAD_GOOD, 0);
    edge_manager_ready(&parent->manager, serving_generation(parent), true);
}

static void reload(parent_t *parent) {
    parent->reload_wanted = false;
    EDGE_LOG(&edge_supervise_log, EDGE_LOG_NOTICE, 507, "reloading");
    edge_manager_reloading(&parent->manager);
    edge_parent_conf_t *read = NULL;
    bool is_valid = read_conf(parent, &read);
    if (is_valid && take_addresses(parent, read, &parent->pending) && start_child(parent))
        return;
    drop_pending(parent);
    EDGE_LOG(&edge_supervise_log, EDGE_LOG_ERROR, 508, "the new configuration is refused; generation %llu goes on",
             (unsigned long long)serving_generation(parent));
    count_refusal(parent, is_valid ? EDGE_C_CONFIG_RELOADS_FAILED : EDGE_C_CONFIG_RELOADS_INVALID);
}

/* Ends of children */

static void plan_restart(parent_t *parent, edge_mono_t lived) {
    if (lived >= QUICK_DEATH)
        parent->backoff = 0;
    parent->restart_at = now_mono() + parent->backoff;
    parent->backoff = parent->backoff ? parent->backoff * 2 : EDGE_MS(250);
    if (parent->backoff > BACKOFF_MOST)
        parent->backoff = BACKOFF_MOST;
}

/* It said what is wrong and ended; a signal is no word about the configuration. */
static void refused_start(parent_t *parent, bool has_other, int status) {
    bool was_reload = parent->pending != NULL;
    drop_pending(parent);
    if (!parent->served) {
        parent->exit_status = 1;
        parent->stopping = true;
        return;
    }
    if (was_reload) {
        EDGE_LOG(&edge_supervise_log, EDGE_LOG_ERROR, 509, "the new configuration is refused; the old %s goes on",
                 has_other ? "generation" : "configuration");
        count_refusal(parent, WIFEXITED(status) ? EDGE_C_CONFIG_RELOADS_INVALID : EDGE_C_CONFIG_RELOADS_FAILED);
    }
    if (!has_other) {
        plan_restart(parent, 0);
        EDGE_LOG(&edge_supervise_log, EDGE_LOG_ERROR, 510, "no child could be started; the next attempt comes soon");
    }
}

static void describe_end(int status, char *out, size_t size) {
    if (WIFSIGNALED(status))
        snprintf(out, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(out, size, "exit status %d", WEXITSTATUS(status));
}

static bool anybody_left(const parent_t *parent) {
    for (unsigned i = 0; i < EDGE_PLACES_CHILDREN; i++)
        if (parent->children[i].stage != STAGE_NONE)
            return true;
    return false;
}

/* Only who was told to leave, for a reload or with the server, may end, and with status 0. */
static bool was_asked(const parent_t *parent, stage_t stage, int status) {
    bool told = parent->stopping || stage == STAGE_DRAINING;
    return told && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void child_ended(parent_t *parent, child_t *child, int status) {
    char how[96];
    stage_t stage = child->stage;
    edge_mono_t lived = now_mono() - child->started;
    describe_end(status, how, sizeof(how));
    close(child->command);
    if (child->status >= 0)
        close(child->status);
    edge_file_keeper_close(&child->files);
    child->stage = STAGE_NONE;
    /* What it had open it will not count down any more. */
    edge_places_forget_child((unsigned)(child - parent->children));
    edge_counter_forget_child((unsigned)(child - parent->children));

    if (stage != STAGE_STARTING && !was_asked(parent, stage, status)) {
        edge_counter_add(WIFSIGNALED(status) ? EDGE_C_RESTARTS_CRASH : EDGE_C_RESTARTS_EXIT, 1);
        EDGE_LOG(&edge_supervise_log, EDGE_LOG_ERROR, 511, "child %d of generation %llu ended by %s", (int)child->pid,
                 (unsigned long long)child->generation, how);
    }
    if (parent->stopping)
        return;
    if (stage == STAGE_STARTING)
        refused_start(parent, child_at_stage(parent, STAGE_SERVING) != NULL, status);
    else if (stage == STAGE_SERVING)
        plan_restart(parent, lived);
}

static void reap_children(parent_t *parent) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (unsigned i = 0; i < EDGE_PLACES_CHILDREN && !edge_parent_test_ended(&parent->test, pid); i++)
            if (parent->children[i].stage != STAGE_NONE && parent->children[i].pid == pid)
                child_ended(parent, &parent->children[i], status);
}

/* Signals */

/* It may have been changed while running; children that drain by now may have begun with another. */
static edge_mono_t longest_grace(const parent_t *parent) {
    edge_mono_t written = server_conf(parent)->graceful_timeout, set = edge_override_store_graceful();
    return written > set ? written : set;
}

static void stop(parent_t *parent) {
    edge_mono_t grace = longest_grace(parent) + STOP_GRACE;
    if (!parent->stopping) {
        EDGE_LOG(&edge_supervise_log, EDGE_LOG_NOTICE, 512, "stopping; sessions may finish");
        tell_all(parent, EDGE_CHILD_STOP);
    } else {
        EDGE_LOG(&edge_supervise_log, EDGE_LOG_NOTICE, 513, "stopping now");
        tell_all(parent, EDGE_CHILD_NOW);
        parent->stopping_now = true;
        grace = STOP_GRACE;
    }
    parent->stopping = true;
    edge_sockets_close(&parent->sockets);
    edge_manager_stopping(&parent->manager, grace + STOP_GRACE);
    parent->kill_at = now_mono() + grace;
}

static void reopen_logs(parent_t *parent) {
    edge_parent_files_reopen(&parent->files);
    tell_all(parent, EDGE_CHILD_REOPEN);
}

static void take_signal(parent_t *parent, int number) {
    switch (number) {
    case SIGCHLD: reap_children(parent); break;
    case SIGTERM: stop(parent); break;
    case SIGINT:
        /* At the terminal an interrupt means now. */
        parent->stopping = true;
        stop(parent);
        break;
    case SIGHUP: parent->reload_wanted = true; break;
    case SIGUSR1: reopen_logs(parent); break;
    }
}

static void take_signals(parent_t *parent) {
    struct signalfd_siginfo info;
    while (read(parent->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        take_signal(parent, (int)info.ssi_signo);
}

static bool watch_signals(parent_t *parent) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    parent->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return parent->signals >= 0;
}

/* The loop */

static int milliseconds_until(edge_mono_t when, edge_mono_t now) {
    return when <= now ? 0 : (int)((when - now + 999) / 1000);
}

static int poll_timeout(const parent_t *parent) {
    edge_mono_t next = parent->kill_at ? parent->kill_at : parent->restart_at;
    edge_mono_t telling = edge_manager_next(&parent->manager);
    if (telling && (next == 0 || telling < next))
        next = telling;
    return next ? milliseconds_until(next, now_mono()) : -1;
}

static void kill_the_late(parent_t *parent) {
    for (unsigned i = 0; i < EDGE_PLACES_CHILDREN; i++)
        if (parent->children[i].stage != STAGE_NONE) {
            EDGE_LOG(&edge_supervise_log, EDGE_LOG_ERROR, 515, "child %d does not end: killed",
                     (int)parent->children[i].pid);
            kill(parent->children[i].pid, SIGKILL);
        }
    parent->kill_at = now_mono() + EDGE_SECONDS(5);
}

static void take_operations(parent_t *parent) {
    static edge_operation_t operation; /* large */
    while (edge_operation_take(&operation)) {
        if (parent->stopping) {
            edge_operation_end(operation.id, false, EDGE_NO_SPAN);
        } else if (operation.kind == EDGE_OPERATION_TEST) {
            edge_parent_test_start(&parent->test, operation.id, parent->supervision->source);
        } else {
            parent->reloading = operation.id;
            apr_cpystrn(parent->reloading_for, operation.who, sizeof(parent->reloading_for));
            parent->reload_wanted = true;
        }
    }
}

static void take_status(parent_t *parent, child_t *child) {
    char octet;
    if (read(child->status, &octet, 1) == 1) {
        if (octet == EDGE_OPERATION_WANTED) {
            take_operations(parent);
            return;
        }
        child->alive = true;
        if (octet == EDGE_CHILD_READY && child->stage == STAGE_STARTING)
            child_is_ready(parent, child);
        return;
    }
    /* The child is about to end, and SIGCHLD will say so. */
    close(child->status);
    child->status = -1;
}

/* A descriptor of -1 is passed over by poll. */
static void watch_channels(parent_t *parent) {
    struct pollfd polled[1 + 2 * EDGE_PLACES_CHILDREN] = {{parent->signals, POLLIN, 0}};
    for (unsigned i = 0; i < EDGE_PLACES_CHILDREN; i++) {
        const child_t *child = &parent->children[i];
        polled[1 + 2 * i] = (struct pollfd){child->stage != STAGE_NONE ? child->status : -1, POLLIN, 0};
        polled[2 + 2 * i] = (struct pollfd){child->stage != STAGE_NONE ? child->files.channel : -1, POLLIN, 0};
    }
    poll(polled, EDGE_COUNT(polled), poll_timeout(parent));
    for (unsigned i = 0; i < EDGE_PLACES_CHILDREN; i++) {
        if (polled[2 + 2 * i].revents)
            edge_file_keeper_serve(&parent->children[i].files);
        if (polled[1 + 2 * i].revents)
            take_status(parent, &parent->children[i]);
    }
}

/* With the last configuration that served. A child that is starting may do; its refusal plans the next attempt. */
static void restart(parent_t *parent) {
    parent->restart_at = 0;
    if (child_at_stage(parent, STAGE_STARTING))
        return;
    edge_parent_conf_tell_difference(parent->conf);
    if (!bind_all(parent, parent->conf) || !start_child(parent))
        plan_restart(parent, 0);
}

/* A child speaks for itself; where none serves, this process brings one back or waits for the last to end. */
static void tell_manager(parent_t *parent) {
    child_t *child = parent->stopping ? NULL : child_at_stage(parent, STAGE_SERVING);
    bool this_one = true;
    edge_manager_turn(&parent->manager, serving_generation(parent), child ? &child->alive : &this_one);
}

static void turn(parent_t *parent) {
    watch_channels(parent);
    take_signals(parent);

    edge_mono_t now = now_mono();
    tell_manager(parent);
    if (parent->kill_at && now >= parent->kill_at)
        kill_the_late(parent);
    if (parent->restart_at && now >= parent->restart_at && !parent->stopping)
        restart(parent);
    if (parent->reload_wanted && !parent->stopping && !child_at_stage(parent, STAGE_STARTING))
        reload(parent);
}

/* As large as RateKeys says at the start: it stays for all children. */
static bool map_buckets(const parent_t *parent) {
    uint32_t keys = server_conf(parent)->rate_keys;
    apr_status_t status = edge_buckets_map(keys);
    if (status == APR_SUCCESS)
        return true;
    EDGE_LOG_STATUS(&edge_supervise_log, EDGE_LOG_ERROR, 1001, status, "no memory for %u RateKeys", keys);
    return false;
}

int edge_supervise(const edge_supervision_t *supervision, apr_pool_t *process_pool) {
    static parent_t parent;
    (void)process_pool;
    parent = (parent_t){.supervision = supervision};
    edge_manager_open(&parent.manager);
    if (edge_secret_make() != APR_SUCCESS || edge_counter_map() != APR_SUCCESS || edge_places_map() != APR_SUCCESS ||
        edge_failures_map() != APR_SUCCESS || edge_recall_map() != APR_SUCCESS ||
        edge_closed_sessions_map() != APR_SUCCESS || edge_openness_map() != APR_SUCCESS ||
        edge_history_map() != APR_SUCCESS || edge_rejections_map() != APR_SUCCESS ||
        edge_override_store_map() != APR_SUCCESS || edge_operations_map() != APR_SUCCESS ||
        edge_admin_repeat_map() != APR_SUCCESS || !watch_signals(&parent))
        return 1;
    edge_parent_conf_t *read = NULL;
    if (!read_conf(&parent, &read) || !take_addresses(&parent, read, &parent.conf) || !map_buckets(&parent))
        return 1;
    parent.files = (edge_parent_files_t){parent.conf, supervision->foreground};
    if (edge_parent_files_open(&parent.files) != APR_SUCCESS)
        return 1;
    if (!start_child(&parent))
        return 1;
    while (!parent.stopping || anybody_left(&parent))
        turn(&parent);
    if (parent.served)
        edge_parent_files_remove(&parent.files);
    EDGE_LOG(&edge_supervise_log, EDGE_LOG_NOTICE, 517, "stopped");
    return parent.exit_status;
}
