/* What no client should do is told once, whatever is answered to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "smtp_play.h"

static char told[256];

static void violated(edge_smtp_server_t *machine, edge_violation_t violation) {
    static const char *const kinds[] = {
#define EDGE_VIOLATION(name, kind, prose) kind " ",
#include "tbl/violations.def"
#undef EDGE_VIOLATION
    };
    (void)machine;
    strncat(told, kinds[violation], sizeof(told) - strlen(told) - 1);
}

static void begin(void (*how)(void)) {
    play_set.violated = violated;
    told[0] = '\0';
    how();
    told[0] = '\0';
}

/* Said behind `how`. */
static void tells(void (*how)(void), const char *text, const char *kinds) {
    begin(how);
    play_say(&play_it, text);
    assert_string_equal(told, kinds);
}

static void lines(void **state) {
    char line[2100] = "";
    (void)state;
    tells(play_begin_greeted, "RSET\r\nNOOP\r\n", "");
    tells(play_begin_greeted, "FOO\r\n", "unknown_command ");
    tells(play_begin_greeted, "EXPN x\r\n", "");
    tells(play_begin_greeted, "NOOP \r \r\n", "bare_newline ");
    tells(play_begin_greeted, "NOOP \n \r\n", "bare_newline ");
    memset(line, 'x', 2080);
    strcat(line, "\r\n");
    tells(play_begin_greeted, line, "line_too_long ");
    begin(play_begin_greeted);
    play_feed(&play_it, (edge_span_t)EDGE_SPAN("NOOP \0\n \r\n"));
    assert_string_equal(told, "nul ");
}

static void messages(void **state) {
    (void)state;
    tells(play_begin_data, "a\r\n..\r\n.\r\n", "");
    tells(play_begin_data, "a\nb\nc\rd\r\n.\r\n", "bare_newline ");
    tells(play_begin_data, "a\n.\nb\n.\r\n.\r\n", "bare_newline smuggling ");
    tells(play_begin_data, "a\r\n.\nb\r\n.\r\n", "bare_newline smuggling ");
    /* Each message anew. */
    tells(play_begin_data, "a\nb\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n", "bare_newline ");
    play_say(&play_it, "DATA\r\n");
    play_say(&play_it, "c\nd\r\n.\r\n");
    assert_string_equal(told, "bare_newline bare_newline ");
}

static void messages_that_are_refused_for_something_else(void **state) {
    char text[1200];
    (void)state;
    memset(text, 'x', 1100);
    strcpy(text + 1100, "\n\r\n.\r\n");
    tells(play_begin_data, text, "bare_newline ");
}

static void normalized_messages(void **state) {
    (void)state;
    play_set.newlines = EDGE_NEWLINE_NORMALIZE;
    tells(play_begin_data, "a\nb\n.\nc\n\r\n.\r\n", "bare_newline smuggling ");
}

static void chunks(void **state) {
    (void)state;
    tells(play_begin_envelope, "BDAT 6 LAST\r\na\n.\nb\n", "bare_newline ");
    tells(play_begin_envelope, "BDAT 2 LAST\r\na\r", "bare_newline ");
    tells(play_begin_envelope, "BDAT 2\r\na\nBDAT 2 LAST\r\na\n", "bare_newline ");
}

static void what_is_said_ahead(void **state) {
    (void)state;
    if (play_cut != 0)
        return; /* what has not come yet cannot be seen */
    tells(play_begin_greeted, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\nNOOP\r\n", "");
    tells(play_begin_greeted, "NOOP\r\nNOOP\r\nNOOP\r\n", "pipelining ");
    tells(play_begin_envelope, "DATA\r\nx\r\n.\r\nQUIT\r\n", "pipelining ");
    tells(play_begin_data, "x\r\n.\r\nMAIL FROM:<a@b>\r\n", "");
    tells(play_begin_envelope, "BDAT 1\r\nxBDAT 1 LAST\r\nyNOOP\r\n", "");
    tells(play_begin, "EHLO x\r\nMAIL FROM:<a@b>\r\n", "pipelining ");
    tells(play_begin, "HELO x\r\n", "");
    play_say(&play_it, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
    assert_string_equal(told, "pipelining ");
}

static void what_stands_behind_starttls(void **state) {
    (void)state;
    if (play_cut != 0)
        return;
    tells(play_begin_greeted, "STARTTLS\r\nNOOP\r\n", "starttls_injection ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PLAY_DIALOGUE(lines),
        PLAY_DIALOGUE(messages),
        PLAY_DIALOGUE(messages_that_are_refused_for_something_else),
        PLAY_DIALOGUE(normalized_messages),
        PLAY_DIALOGUE(chunks),
        PLAY_DIALOGUE(what_is_said_ahead),
        PLAY_DIALOGUE(what_stands_behind_starttls),
    };
    return play_dialogues(tests, EDGE_COUNT(tests));
}
