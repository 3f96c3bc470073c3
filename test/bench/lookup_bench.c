/* What a list of a million entries costs: reading its text, its memory, and a question, in processor time. Keys are asked for in an
 * order that no cache foresees. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <apr_general.h>

#include "core/lookup_table.h"

#define ENTRIES 1000000u
#define QUESTIONS 2000000u
#define LINE 64

typedef void write_fn(unsigned number, char line[LINE]);
typedef edge_lookup_key_t key_fn(unsigned number, char room[LINE]);

static double thread_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Every number below 2^32 once, in no order. */
static unsigned scatter(unsigned number) { return number * 2654435761u; }

static void write_address(unsigned number, char line[LINE]) {
    unsigned at = scatter(number);
    snprintf(line, LINE, "%u.%u.%u.%u\n", at >> 24, at >> 16 & 255, at >> 8 & 255, at & 255);
}

/* Ten lengths of IPv4 networks, from /16 to /32. */
static void write_network(unsigned number, char line[LINE]) {
    static const unsigned lengths[] = {16, 18, 20, 22, 24, 26, 28, 29, 30, 32};
    unsigned at = scatter(number);
    snprintf(line, LINE, "%u.%u.%u.%u/%u\n", at >> 24, at >> 16 & 255, at >> 8 & 255, at & 255,
             lengths[number % 10 ? 9 - number % 10 % 3 : number / 10 % 10]);
}

static void write_network6(unsigned number, char line[LINE]) {
    unsigned at = scatter(number);
    snprintf(line, LINE, "2001:db8:%x:%x::/%u\n", at >> 16, at & 65535, number % 2 ? 64 : 56);
}

static void write_domain(unsigned number, char line[LINE]) {
    snprintf(line, LINE, "%shost-%08x.example.net\n", number % 4 ? "" : ".", scatter(number));
}

static void write_mailbox(unsigned number, char line[LINE]) {
    snprintf(line, LINE, "user.%08x@mail.example.net\n", scatter(number));
}

static edge_lookup_key_t address_key(unsigned number, char room[LINE]) {
    edge_ipaddr_t address;
    write_address(number, room);
    edge_ipaddr_parse(edge_span(room, strlen(room) - 1), &address);
    return edge_lookup_key_address(address);
}

static edge_lookup_key_t address6_key(unsigned number, char room[LINE]) {
    edge_ipaddr_t address;
    unsigned at = scatter(number);
    snprintf(room, LINE, "2001:db8:%x:%x::25", at >> 16, at & 65535);
    edge_ipaddr_parse(edge_span_of(room), &address);
    return edge_lookup_key_address(address);
}

static edge_lookup_key_t name_key(unsigned number, char room[LINE]) {
    snprintf(room, LINE, "host-%08x.example.net", scatter(number));
    return edge_lookup_key_name(edge_span_of(room));
}

static edge_lookup_key_t mailbox_key(unsigned number, char room[LINE]) {
    snprintf(room, LINE, "user.%08x@mail.example.net", scatter(number));
    return edge_lookup_key_mailbox(edge_span_of(room));
}

static void complain(void *context, unsigned line, const char *what) {
    (void)context;
    fprintf(stderr, "line %u: %s\n", line, what);
}

static char *text_of(write_fn *write_line, size_t *size) {
    char *text = malloc((size_t)ENTRIES * LINE), line[LINE];
    *size = 0;
    for (unsigned i = 0; text && i < ENTRIES; i++) {
        write_line(i, line);
        memcpy(text + *size, line, strlen(line));
        *size += strlen(line);
    }
    return text;
}

/* Keys from `first` on, made before the clock runs. */
static double nanoseconds(const edge_lookup_table_t *table, key_fn *key, unsigned first, unsigned *found) {
    enum { KEYS = 100000 };
    static edge_lookup_key_t keys[KEYS];
    static char rooms[KEYS][LINE];
    edge_span_t value;
    for (unsigned i = 0; i < KEYS; i++)
        keys[i] = key(first + i * 9, rooms[i]);
    *found = 0;
    double before = thread_seconds();
    for (unsigned i = 0; i < QUESTIONS; i++)
        *found += edge_lookup_table_ask(table, &keys[i % KEYS], EDGE_LOOKUP_ALL, &value) == EDGE_LOOKUP_YES;
    return (thread_seconds() - before) / QUESTIONS * 1e9;
}

static void measure(const char *name, write_fn *write_line, key_fn *key) {
    size_t size;
    unsigned found, missed;
    char *text = text_of(write_line, &size);
    if (!text)
        return;
    size_t with_text = mallinfo2().uordblks + mallinfo2().hblkhd;
    double before = thread_seconds();
    edge_lookup_table_t *table = edge_lookup_table_make();
    bool good = edge_lookup_table_fill(table, edge_span(text, size), complain, NULL);
    double reading = thread_seconds() - before;
    size_t memory = mallinfo2().uordblks + mallinfo2().hblkhd - with_text;
    free(text);
    double there = nanoseconds(table, key, 0, &found), absent = nanoseconds(table, key, 2 * ENTRIES, &missed);
    printf("%-22s %s %8u entries, %3.0f MB of text read in %.2f s, %3.0f MB of memory; a question: %3.0f ns (%3.0f %% "
           "found), %3.0f ns (%.0f %% found)\n",
           name, good ? "" : "BAD", edge_lookup_table_count(table), (double)size / 1e6, reading, (double)memory / 1e6,
           there, found * 100.0 / QUESTIONS, absent, missed * 100.0 / QUESTIONS);
    edge_lookup_table_drop(table);
}

int main(void) {
    apr_initialize();
    measure("IPv4 addresses", write_address, address_key);
    measure("IPv4, ten lengths", write_network, address_key);
    measure("IPv6, two lengths", write_network6, address6_key);
    measure("domains, a quarter .", write_domain, name_key);
    measure("mailboxes", write_mailbox, mailbox_key);
    return 0;
}
