/* start, stop, restart, reload, configtest: by edged itself and by signals to its parent process. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "edge_clock.h"
#include "process.h"
#include "proto/json_in.h"

#define STOP_MOST 3600  /* seconds; the server itself ends after GracefulTimeout */
#define RELOAD_MOST 120 /* seconds until the new generation serves */

/* Prints the diagnostics of a bad configuration. */
static ctl_exit_t test_configuration(ctl_t *ctl, bool quiet) {
    const char *const loud[] = {"-t", NULL}, *const silent[] = {"-t", "-q", NULL};
    int status = ctl_run_edged(ctl, quiet ? silent : loud);
    if (status == 127) {
        return CTL_ERROR;
    }
    return status == 0 ? CTL_OK : CTL_BAD_CONFIGURATION;
}

ctl_exit_t ctl_configtest(ctl_t *ctl) { return test_configuration(ctl, false); }

ctl_exit_t ctl_start(ctl_t *ctl) {
    const char *const none[] = {NULL};
    pid_t pid = ctl_find_parent(ctl);
    if (ctl->configuration == NULL) {
        return CTL_BAD_CONFIGURATION;
    }
    if (pid != 0) {
        printf("already running, process %ld\n", (long)pid);
        return CTL_OK;
    }
    ctl_exit_t code = test_configuration(ctl, true);
    if (code != CTL_OK) {
        return code;
    }
    if (ctl_run_edged(ctl, none) != 0) {
        ctl_say("the server did not start; its error log says why");
        return CTL_ERROR;
    }
    printf("started, process %ld\n", (long)ctl_find_parent(ctl));
    return CTL_OK;
}

ctl_exit_t ctl_stop(ctl_t *ctl) {
    pid_t pid = ctl_find_parent(ctl);
    if (ctl->configuration == NULL) {
        return CTL_BAD_CONFIGURATION;
    }
    if (pid == 0) {
        printf("not running\n");
        return CTL_OK;
    }
    ctl_exit_t code = ctl_signal(pid, SIGTERM);
    if (code != CTL_OK) {
        return code;
    }
    if (!ctl_wait_gone(pid, STOP_MOST)) {
        ctl_say("process %ld does not end", (long)pid);
        return CTL_ERROR;
    }
    printf("stopped\n");
    return CTL_OK;
}

ctl_exit_t ctl_restart(ctl_t *ctl) {
    ctl_exit_t code = test_configuration(ctl, true);
    if (code == CTL_OK) {
        code = ctl_stop(ctl);
    }
    return code == CTL_OK ? ctl_start(ctl) : code;
}

/* What tells the outcome of a reload. */
typedef struct outcome {
    int64_t generation, refused;
} outcome_t;

static ctl_exit_t read_outcome(ctl_t *ctl, outcome_t *outcome) {
    ctl_answer_t answer;
    ctl_exit_t code = ctl_ask(ctl, "GET", "/api/v1/status", NULL, &answer);
    if (code != CTL_OK || (code = ctl_answer_exit(ctl, &answer)) != CTL_OK) {
        return code;
    }
    const edge_json_value_t *status = answer.document;
    outcome->generation = edge_json_in_number(status, "generation", -1);
    const edge_json_value_t *counters = edge_json_in_member(status, "counters");
    outcome->refused = edge_json_in_number(counters, "config_reloads_total{result=\"invalid\"}", 0) +
                       edge_json_in_number(counters, "config_reloads_total{result=\"failed\"}", 0);
    return outcome->generation >= 0 ? CTL_OK : CTL_ERROR;
}

/* What was changed while running, and has ended with it. The parent notes a generation a moment after it serves. */
static void say_dropped(ctl_t *ctl, int64_t generation) {
    for (unsigned tries = 0; tries < 40; tries++) {
        ctl_answer_t answer = {0};
        if (ctl_ask(ctl, "GET", "/api/v1/config/generations", NULL, &answer) != CTL_OK || answer.status != 200) {
            return;
        }
        const edge_json_value_t *items = edge_json_in_member(answer.document, "items");
        const edge_json_value_t *newest = items != NULL ? items->first : NULL;
        if (edge_json_in_number(newest, "generation", 0) >= generation) {
            int64_t dropped = edge_json_in_number(newest, "dropped", 0);
            if (dropped > 0) {
                printf(
                    "%lld settings that were changed while running are as the files say again: edgectl audit --action "
                    "'setting.*'\n",
                    (long long)dropped);
            }
            return;
        }
        poll(NULL, 0, 25);
    }
}

/* Until a newer generation serves, or the parent has counted a refusal. Between two generations there may be no answer. */
static ctl_exit_t wait_for_generation(ctl_t *ctl, const outcome_t *before) {
    edge_mono_t end = edge_clock_read().mono + EDGE_SECONDS(RELOAD_MOST);
    while (edge_clock_read().mono < end) {
        outcome_t now;
        ctl_exit_t code = read_outcome(ctl, &now);
        if (code == CTL_OK && now.generation > before->generation) {
            printf("reloaded, generation %lld\n", (long long)now.generation);
            say_dropped(ctl, now.generation);
            return CTL_OK;
        }
        if (code == CTL_OK && now.refused > before->refused) {
            ctl_say("the new configuration was refused, generation %lld goes on; the error log says why",
                    (long long)now.generation);
            return CTL_BAD_CONFIGURATION;
        }
        if (code != CTL_OK && ctl_find_parent(ctl) == 0) {
            ctl_say("the server has ended");
            return CTL_ERROR;
        }
        poll(NULL, 0, 25);
    }
    ctl_say("no new generation serves after %d s; see the error log", RELOAD_MOST);
    return CTL_ERROR;
}

ctl_exit_t ctl_reload(ctl_t *ctl) {
    outcome_t before;
    pid_t pid = ctl_find_parent(ctl);
    if (ctl->configuration == NULL) {
        return CTL_BAD_CONFIGURATION;
    }
    if (pid == 0) {
        ctl_say("not running: %s names no server", ctl->configuration->pid_file);
        return CTL_UNREACHABLE;
    }
    ctl_exit_t code = test_configuration(ctl, true);
    if (code == CTL_OK && (code = read_outcome(ctl, &before)) != CTL_OK) {
        ctl_say_unreachable(ctl, code);
    }
    if (code == CTL_OK) {
        code = ctl_signal(pid, SIGHUP);
    }
    return code == CTL_OK ? wait_for_generation(ctl, &before) : code;
}
