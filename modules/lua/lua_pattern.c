/* Walks a pattern over a text as the string library does, to know how long that will take. */
#include "lua_pattern.h"

#include <ctype.h>

#define DEPTH_MOST 200 /* as the library's */
#define CAPTURES_MOST 32
#define OCTETS_A_STEP 16 /* that are compared or looked through at once */

#define OPEN (-1L)     /* a capture that has no end yet */
#define POSITION (-2L) /* "()" */

typedef struct capture {
    const char *at;
    long len;
} capture_t;

typedef struct walk {
    const char *text, *text_end, *pattern_end;
    int64_t steps, most;
    unsigned depth, level;
    bool stopped; /* at the limit, or where the library raises an error */
    capture_t captures[CAPTURES_MOST];
} walk_t;

static const char *match(walk_t *walk, const char *at, const char *item);

static void count(walk_t *walk, int64_t steps) {
    walk->steps += steps;
    walk->stopped |= walk->steps > walk->most;
}

static const char *stop(walk_t *walk) {
    walk->stopped = true;
    return NULL;
}

/* Behind one item of the pattern: a letter, %x, or a set; NULL: it does not end. */
static const char *item_end(walk_t *walk, const char *item) {
    const char *end = walk->pattern_end;
    if (*item == '%')
        return item + 1 < end ? item + 2 : stop(walk);
    if (*item != '[')
        return item + 1;
    item++;
    if (item < end && *item == '^')
        item++;
    /* A bracket that comes first stands for itself. */
    for (bool first = true; item < end && (first || *item != ']'); first = false)
        item += *item == '%' ? 2 : 1;
    return item < end ? item + 1 : stop(walk);
}

static bool in_class(unsigned char octet, unsigned char class) {
    bool in;
    switch (tolower(class)) {
    case 'a': in = isalpha(octet); break;
    case 'c': in = iscntrl(octet); break;
    case 'd': in = isdigit(octet); break;
    case 'g': in = isgraph(octet); break;
    case 'l': in = islower(octet); break;
    case 'p': in = ispunct(octet); break;
    case 's': in = isspace(octet); break;
    case 'u': in = isupper(octet); break;
    case 'w': in = isalnum(octet); break;
    case 'x': in = isxdigit(octet); break;
    case 'z': in = octet == '\0'; break; /* of old; the library still knows it */
    default: return class == octet;
    }
    return isupper(class) ? !in : in;
}

/* `set` is at "[", `end` behind "]". */
static bool in_set(walk_t *walk, unsigned char octet, const char *set, const char *end) {
    const char *last = end - 1;
    bool wanted = set[1] != '^';
    count(walk, (end - set) / OCTETS_A_STEP);
    for (const char *at = set + (wanted ? 1 : 2); at < last; at++) {
        if (*at == '%') {
            at++;
            if (in_class(octet, (unsigned char)*at))
                return wanted;
        } else if (at + 2 < last && at[1] == '-') {
            if ((unsigned char)*at <= octet && octet <= (unsigned char)at[2])
                return wanted;
            at += 2;
        } else if ((unsigned char)*at == octet) {
            return wanted;
        }
    }
    return !wanted;
}

static bool is_one(walk_t *walk, const char *at, const char *item, const char *end) {
    if (at >= walk->text_end)
        return false;
    switch (*item) {
    case '.': return true;
    case '%': return in_class((unsigned char)*at, (unsigned char)item[1]);
    case '[': return in_set(walk, (unsigned char)*at, item, end);
    default: return *item == *at;
    }
}

/* Repetitions */

static const char *longest_first(walk_t *walk, const char *at, const char *item, const char *end) {
    long times = 0;
    while (!walk->stopped && is_one(walk, at + times, item, end)) {
        times++;
        count(walk, 1);
    }
    for (; times >= 0 && !walk->stopped; times--) {
        const char *found = match(walk, at + times, end + 1);
        if (found)
            return found;
    }
    return NULL;
}

static const char *shortest_first(walk_t *walk, const char *at, const char *item, const char *end) {
    while (!walk->stopped) {
        const char *found = match(walk, at, end + 1);
        if (found || !is_one(walk, at, item, end))
            return found;
        at++;
    }
    return NULL;
}

/* Captures */

static const char *open_capture(walk_t *walk, const char *at, const char *item, long kind) {
    if (walk->level == CAPTURES_MOST)
        return stop(walk);
    walk->captures[walk->level++] = (capture_t){at, kind};
    const char *found = match(walk, at, item);
    if (!found)
        walk->level--;
    return found;
}

static const char *close_capture(walk_t *walk, const char *at, const char *item) {
    unsigned level = walk->level;
    while (level > 0 && walk->captures[level - 1].len != OPEN)
        level--;
    if (level == 0)
        return stop(walk);
    capture_t *capture = &walk->captures[level - 1];
    capture->len = at - capture->at;
    const char *found = match(walk, at, item);
    if (!found)
        capture->len = OPEN;
    return found;
}

/* %1: what a capture holds, once more. Behind it; NULL: it is something else. */
static const char *same_again(walk_t *walk, const char *at, char digit) {
    unsigned level = (unsigned)(digit - '1');
    if (digit == '0' || level >= walk->level || walk->captures[level].len == OPEN)
        return stop(walk);
    long len = walk->captures[level].len;
    if (len < 0 || walk->text_end - at < len)
        return NULL;
    count(walk, len / OCTETS_A_STEP);
    return memcmp(walk->captures[level].at, at, (size_t)len) == 0 ? at + len : NULL;
}

/* %bxy: behind the y that belongs to the x here. */
static const char *balanced(walk_t *walk, const char *at, const char *pair) {
    if (pair + 1 >= walk->pattern_end)
        return stop(walk);
    if (at >= walk->text_end || *at != pair[0])
        return NULL;
    long open = 1;
    for (const char *next = at + 1; next < walk->text_end && !walk->stopped; next++) {
        count(walk, 1);
        if (*next == pair[1]) {
            if (--open == 0)
                return next + 1;
        } else if (*next == pair[0]) {
            open++;
        }
    }
    return NULL;
}

/* %f[set]: a place where the set begins to hold. */
static bool is_frontier(walk_t *walk, const char *at, const char *set, const char *end) {
    unsigned char before = at == walk->text ? '\0' : (unsigned char)at[-1];
    unsigned char behind = at < walk->text_end ? (unsigned char)*at : '\0';
    return !in_set(walk, before, set, end) && in_set(walk, behind, set, end);
}

/* An item and its repetition. True: go on with *at and *item; else *found is the outcome. */
static bool walk_item(walk_t *walk, const char **at, const char **item, const char **found) {
    const char *end = item_end(walk, *item);
    *found = NULL;
    if (!end)
        return false;
    char repeats = end < walk->pattern_end ? *end : '\0';
    if (!is_one(walk, *at, *item, end)) {
        *item = end + 1;
        return repeats == '*' || repeats == '?' || repeats == '-';
    }
    switch (repeats) {
    case '*': *found = longest_first(walk, *at, *item, end); return false;
    case '+': *found = longest_first(walk, *at + 1, *item, end); return false;
    case '-': *found = shortest_first(walk, *at, *item, end); return false;
    case '?':
        *found = match(walk, *at + 1, end + 1);
        *item = end + 1;
        return !*found && !walk->stopped;
    default:
        *at += 1;
        *item = end;
        return true;
    }
}

/* Items that begin with "%" and are no class. False: nothing matches here. */
static bool walk_special(walk_t *walk, const char **at, const char **item, bool *is_special) {
    char what = *item + 1 < walk->pattern_end ? (*item)[1] : '\0';
    const char *set = *item + 2, *end;
    *is_special = true;
    if (what == 'b') {
        *at = balanced(walk, *at, set);
        *item += 4;
    } else if (what == 'f') {
        end = set < walk->pattern_end && *set == '[' ? item_end(walk, set) : stop(walk);
        if (end && !is_frontier(walk, *at, set, end))
            *at = NULL;
        *item = end;
    } else if (isdigit((unsigned char)what)) {
        *at = same_again(walk, *at, what);
        *item += 2;
    } else {
        *is_special = false;
        return true;
    }
    return *at != NULL && !walk->stopped;
}

/* Behind the match that begins at `at`; NULL: there is none. */
static const char *match_on(walk_t *walk, const char *at, const char *item) {
    while (item < walk->pattern_end) {
        const char *found;
        bool special = false;
        count(walk, 1);
        if (walk->stopped)
            return NULL;
        if (*item == '(') {
            bool position = item + 1 < walk->pattern_end && item[1] == ')';
            return open_capture(walk, at, item + (position ? 2 : 1), position ? POSITION : OPEN);
        }
        if (*item == ')')
            return close_capture(walk, at, item + 1);
        if (*item == '$' && item + 1 == walk->pattern_end)
            return at == walk->text_end ? at : NULL;
        if (*item == '%' && !walk_special(walk, &at, &item, &special))
            return NULL;
        if (!special && !walk_item(walk, &at, &item, &found))
            return found;
    }
    return at;
}

static const char *match(walk_t *walk, const char *at, const char *item) {
    if (walk->depth == DEPTH_MOST)
        return stop(walk);
    walk->depth++;
    const char *found = match_on(walk, at, item);
    walk->depth--;
    return found;
}

/* The library tries each place; gmatch and gsub go on behind what they have found. */
static void search_all(walk_t *walk, const char *at, const char *pattern, bool anchored, elua_pattern_walk_t *outcome,
                       bool all) {
    const char *last = NULL;
    do {
        walk->level = 0;
        count(walk, 1);
        const char *found = match(walk, at, pattern);
        if (found && !outcome->found) {
            outcome->found = true;
            outcome->begin = (size_t)(at - walk->text);
            outcome->end = (size_t)(found - walk->text);
        }
        if ((found && !all) || anchored)
            return;
        bool further = found && found != last && found > at;
        last = found ? found : last;
        at = further ? found : at + 1;
    } while (at <= walk->text_end && !walk->stopped);
}

elua_pattern_walk_t elua_pattern_walk(edge_span_t text, edge_span_t pattern, size_t from, elua_pattern_search_t search,
                                      int64_t most) {
    walk_t walk = {
        .text = text.at, .text_end = text.at + text.len, .pattern_end = pattern.at + pattern.len, .most = most};
    elua_pattern_walk_t outcome = {.steps = 0};
    bool anchored = search != ELUA_PATTERN_GMATCH && pattern.len > 0 && pattern.at[0] == '^';
    if (from <= text.len)
        search_all(&walk, text.at + from, pattern.at + anchored, anchored, &outcome, search != ELUA_PATTERN_FIRST);
    outcome.steps = walk.steps;
    return outcome;
}

bool elua_pattern_is_plain(edge_span_t pattern) {
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.at[i] != '\0' && strchr("^$*+?.([%-", pattern.at[i]))
            return false;
    return true;
}
