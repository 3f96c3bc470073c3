/* Arguments in the manner of sendmail: the common ones mean what they mean there, the others are read and do nothing. */
#include <stdio.h>
#include <string.h>

#include "send.h"

typedef enum takes { NOTHING, VALUE, REST } takes_t;

/* By their first letter. REST: what follows in the same word belongs to it, as in -oem. */
static const struct {
    char letter;
    takes_t takes;
} options[] = {
    {'f', VALUE}, {'r', VALUE}, {'F', VALUE}, {'t', NOTHING}, {'i', NOTHING}, {'v', NOTHING}, {'L', VALUE},
    {'B', VALUE}, {'N', VALUE}, {'R', VALUE}, {'V', VALUE},   {'h', VALUE},   {'X', VALUE},   {'p', VALUE},
    {'o', REST},  {'e', REST},  {'b', REST},  {'m', NOTHING}, {'n', NOTHING}, {'G', NOTHING}, {'U', NOTHING},
};

static int find_option(char letter) {
    for (unsigned i = 0; i < EDGE_COUNT(options); i++) {
        if (options[i].letter == letter) {
            return (int)i;
        }
    }
    return -1;
}

static int usage(const char *what, const char *word) {
    ctl_say("%s \"%s\"; edgectl send [-t] [-i] [-v] [-f SENDER] [-F NAME] [-L LISTENER] [RECIPIENT...]", what, word);
    return EX_USAGE;
}

/* Modes of a sendmail that are none of a submission: a daemon, the queue, aliases. */
static int take_mode(const char *rest, const char *word) {
    return rest[0] == 'm' || rest[0] == '\0' ? EX_OK : usage("only mail is sent here, not", word);
}

static void take_word(ctl_send_t *send, char letter, const char *value) {
    switch (letter) {
    case 'f':
    case 'r': send->sender = strcmp(value, "<>") == 0 ? "" : value; break;
    case 'F': send->name = value; break;
    case 'L': send->listener = value; break;
    case 't': send->from_headers = true; break;
    case 'i': send->whole = true; break;
    case 'v': send->verbose = true; break;
    case 'o': send->whole |= strcmp(value, "i") == 0; break;
    }
}

/* One word of options: letters without values may stand together, as in -ti. */
static int take_options(ctl_send_t *send, const char *word, const char *next, bool *used_next) {
    for (const char *at = word + 1; *at != '\0'; at++) {
        int index = find_option(*at);
        if (index < 0) {
            return usage("there is no option", word);
        }
        if (options[index].takes == NOTHING) {
            take_word(send, *at, "");
            continue;
        }
        const char *value = at + 1;
        if (options[index].takes == VALUE && *value == '\0') {
            value = next;
            *used_next = true;
        }
        if (value == NULL) {
            return usage("a value is missing behind", word);
        }
        take_word(send, *at, value);
        return *at == 'b' ? take_mode(value, word) : EX_OK;
    }
    return EX_OK;
}

int ctl_send_options(ctl_send_t *send, int argc, const char *const *argv) {
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        bool used_next = false;
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0') {
            int code = take_options(send, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used_next);
            if (code != EX_OK) {
                return code;
            }
            i += used_next;
        } else {
            *(const char **)apr_array_push(send->recipients) = argv[i];
        }
    }
    if (send->recipients->nelts == 0 && !send->from_headers) {
        ctl_say("nobody is named as recipient; -t takes them from the message");
        return EX_USAGE;
    }
    return EX_OK;
}
