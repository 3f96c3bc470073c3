/*
 * A driver of the SMTP machine that writes down what it was told to do.
 *
 * Concept:  text goes in as a client sends it, every action comes out as a line, so
 *           that a test reads as a dialogue. The same play can be given in pieces
 *           of any size and with late answers and must read the same: the input is
 *           shown in memory of its exact size and freed once eaten, so a stale span
 *           is seen by the address sanitizer.
 */
#ifndef SMTP_PLAY_H
#define SMTP_PLAY_H

#include "proto/smtp_server.h"

#define PLAY_ANSWERS_MOST 8

/* Who is asked, beside phases. */
#define PLAY_QUEUE (-1)
#define PLAY_AUTH (-2) /* 235: identity bob */
#define PLAY_TLS (-3)

typedef struct play {
    edge_smtp_server_t machine;
    edge_smtp_rules_t rules;
    size_t cut;  /* octets that arrive at once; 0: all */
    bool late;   /* answers come after the input was taken back */
    bool manual; /* questions stay open: the test answers by play_verdict, play_stored */
    struct {
        int phase; /* or PLAY_QUEUE, PLAY_AUTH */
        edge_reply_t reply;
    } answers[PLAY_ANSWERS_MOST];
    unsigned answer_count;
    unsigned challenges; /* how many the next AUTH is given */
    edge_reply_t open;   /* the success reply of the open question */
    int asked;
    char *argument; /* of the open question: what the reply's argument points to */
    char *pending;  /* not eaten yet */
    size_t pending_len;
    bool in_body; /* the last line of the script is a body that goes on */
    char *script;
    size_t script_len;
} play_t;

/* All extensions, 1000 octets, 3 recipients, no limit of errors. */
void play_rules(edge_smtp_rules_t *rules);
/* `play` is zero-filled, or was played before. */
void play_start(play_t *play, const edge_smtp_rules_t *rules, size_t cut, bool late);
/* The same, said through to EHLO and with the lines so far forgotten. */
void play_greeted(play_t *play, const edge_smtp_rules_t *rules, size_t cut, bool late);
void play_feed(play_t *play, edge_span_t text);
void play_say(play_t *play, const char *text);
/* From now on `phase` (-1: the queue) gets this answer; code 0: the usual one again. */
void play_answer(play_t *play, int phase, unsigned code, const char *enhanced, const char *text);
/* Gives out what is due, as after an event. */
void play_run(play_t *play);
void play_verdict(play_t *play, edge_reply_t reply);
void play_stored(play_t *play, edge_reply_t reply);
/* The lines since the last call; good until the next. */
const char *play_told(play_t *play);
void play_end(play_t *play);

/* Tests that are played whole, in pieces of 1 and 3 octets, and with answers that come late, and must read the same.
 * They use the one play below; its rules are `play_set`, the usual ones at the start of each test. */
extern play_t play_it;
extern edge_smtp_rules_t play_set;
extern size_t play_cut;
extern bool play_late;

struct CMUnitTest;
int play_setup(void **state);
int play_teardown(void **state);
#define PLAY_DIALOGUE(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
int play_dialogues(const struct CMUnitTest *tests, size_t count);

/* The play at its first command, behind EHLO, behind RCPT, behind DATA; told so far is forgotten (not by the first). */
void play_begin(void);
void play_begin_greeted(void);
void play_begin_envelope(void);
void play_begin_data(void);

#define PLAY_TOLD(text) assert_string_equal(play_told(&play_it), text)
/* How a message ends that is kept. */
#define PLAY_STORED "ASK HAVE_DATA\nCOMMIT\nS: 250 2.6.0 Message queued as 7\n"

#endif
