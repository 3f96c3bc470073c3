/* An arbitrary server: each recipient has one result, every message ends, nothing is asked in the wrong place.
 * Input: a byte of rules; then text, in which 0xff and a byte are an event. */
#include <stdio.h>
#include <stdlib.h>

#include "proto/smtp_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : fail(#condition, __LINE__))
static void fail(const char *what, int line) {
    fprintf(stderr, "smtp_client_fuzz.c:%d: %s\n", line, what);
    abort();
}

#define RECIPIENTS 3u

typedef struct player {
    edge_smtp_client_t machine;
    edge_smtp_client_message_t message;
    uint8_t marks[RECIPIENTS];
    bool open, body, tls, ready, closed;
    unsigned given[RECIPIENTS];
    unsigned messages;
    bool proves;
} player_t;

static edge_recipient_t recipients[RECIPIENTS] = {
    {.address = EDGE_SPAN("a@x.org")}, {.address = EDGE_SPAN("b\n@x.org")}, {.address = EDGE_SPAN("c@x.org")}};
static edge_envelope_t envelope = {
    .sender = EDGE_SPAN("s@y.org"), .recipients = recipients, .recipient_count = RECIPIENTS};
static const unsigned order[RECIPIENTS] = {0, 1, 2};

static void all_given(player_t *player) {
    for (unsigned i = 0; player->open && i < RECIPIENTS; i++)
        MUST(player->given[i] == 1);
    player->open = false;
}

static void on_ready(player_t *player) {
    all_given(player);
    player->ready = true;
    if (player->messages++ == 3) {
        edge_smtp_client_quit(&player->machine);
        return;
    }
    memset(player->given, 0, sizeof(player->given));
    player->open = true;
    edge_smtp_client_send(&player->machine, &player->message);
}

static void on_result(player_t *player, const edge_smtp_client_action_t *action) {
    MUST(player->open && action->index < RECIPIENTS);
    MUST(player->given[action->index]++ == 0);
    MUST(edge_reply_class(&action->reply) == (action->outcome == EDGE_RELAY_DONE     ? 2u
                                              : action->outcome == EDGE_RELAY_FAILED ? 5u
                                                                                     : 4u));
    MUST(action->outcome != EDGE_RELAY_DONE || player->body);
}

static void on_write(const edge_smtp_client_action_t *action) {
    MUST(action->bytes.len > 2);
    for (size_t i = 0; i < action->bytes.len; i++)
        MUST((action->bytes.at[i] == '\n') == (i + 1 == action->bytes.len));
}

static void act(player_t *player, const edge_smtp_client_action_t *action) {
    MUST(!player->closed);
    switch (action->kind) {
    case EDGE_SMTP_CLIENT_WRITE: on_write(action); break;
    case EDGE_SMTP_CLIENT_START_TLS: player->tls = true; break;
    case EDGE_SMTP_CLIENT_PROVE:
        MUST(action->scram->asked.iterations > 0 && action->scram->asked.salt_len > 0);
        MUST(action->scram->len <= sizeof(action->scram->message));
        player->proves = true;
        break;
    case EDGE_SMTP_CLIENT_READY:
        player->body = false;
        on_ready(player);
        break;
    case EDGE_SMTP_CLIENT_BODY:
        MUST(player->open && !player->message.ask_only);
        player->body = true;
        break;
    case EDGE_SMTP_CLIENT_RESULT: on_result(player, action); break;
    case EDGE_SMTP_CLIENT_CLOSE:
        if (!action->unheard)
            all_given(player);
        player->closed = true;
        break;
    }
}

static void run(player_t *player) {
    edge_smtp_client_action_t action;
    while (edge_smtp_client_next(&player->machine, &action))
        act(player, &action);
}

static const uint8_t nothing[EDGE_SCRAM_KEY_SIZE];

static void event(player_t *player, uint8_t what) {
    if (what % 4 == 0)
        edge_smtp_client_lost(&player->machine, edge_span_of("gone"));
    else if (what % 4 == 1 && player->tls && edge_smtp_client_waits(&player->machine) == EDGE_SMTP_CLIENT_WAITS_TLS)
        edge_smtp_client_secured(&player->machine);
    else if (what % 4 == 2)
        edge_smtp_client_sent(&player->machine);
    else if (what % 4 == 3 && player->proves)
        edge_smtp_client_proved(&player->machine, nothing, nothing);
    run(player);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    edge_smtp_client_rules_t rules = {.hello = EDGE_SPAN("me"), .user = EDGE_NO_SPAN};
    player_t *player = calloc(1, sizeof(*player));
    if (size == 0 || !player) {
        free(player);
        return 0;
    }
    rules.lmtp = data[0] & 1;
    rules.tls = (edge_smtp_client_tls_t)((data[0] >> 1 & 3) % 3);
    rules.secure = data[0] >> 3 & 1;
    if (data[0] >> 4 & 1)
        rules.user = rules.password = rules.nonce = edge_span_of("u");
    rules.clear_password = data[0] >> 5 & 1;
    player->message = (edge_smtp_client_message_t){.envelope = &envelope,
                                                   .recipients = order,
                                                   .count = RECIPIENTS,
                                                   .needs = data[0] >> 6 & 1 ? EDGE_CARRIES_8BITMIME : 0,
                                                   .all_or_none = data[0] >> 7,
                                                   .ask_only = (data[0] >> 1 & 3) == 3,
                                                   .size = 100,
                                                   .marks = player->marks};
    edge_smtp_client_start(&player->machine, &rules);
    run(player);
    for (size_t at = 1; at < size;) {
        if (data[at] == 0xff && at + 1 < size) {
            event(player, data[at + 1]);
            at += 2;
            continue;
        }
        size_t len = 0;
        while (at + len < size && data[at + len] != 0xff)
            len++;
        len = len == 0 ? 1 : len;
        edge_smtp_client_input(&player->machine, edge_span((const char *)data + at, len));
        run(player);
        size_t eaten = edge_smtp_client_eaten(&player->machine);
        MUST(eaten <= len);
        MUST(eaten == len || player->closed || edge_smtp_client_waits(&player->machine) == EDGE_SMTP_CLIENT_WAITS_TLS);
        at += len;
    }
    edge_smtp_client_lost(&player->machine, edge_span_of("end"));
    run(player);
    MUST(player->closed);
    free(player);
    return 0;
}
