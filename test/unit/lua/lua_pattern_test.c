/* modules/lua/lua_pattern.c: it walks as the library does, told by what both find; and it stops at its limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "../../../modules/lua/lua_pattern.h"

#define ENOUGH 100000

static lua_State *L;

static int setup(void **state) {
    (void)state;
    L = luaL_newstate();
    luaL_openlibs(L);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    lua_close(L);
    return 0;
}

/* string.find(text, pattern, from + 1); false: it raises an error. */
static bool library_finds(edge_span_t text, edge_span_t pattern, size_t from, size_t *begin, size_t *end) {
    lua_settop(L, 0);
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "find");
    lua_pushlstring(L, text.at, text.len);
    lua_pushlstring(L, pattern.at, pattern.len);
    lua_pushinteger(L, (lua_Integer)from + 1);
    if (lua_pcall(L, 3, 2, 0) != LUA_OK)
        return false;
    *begin = lua_isnil(L, -2) ? SIZE_MAX : (size_t)lua_tointeger(L, -2) - 1;
    *end = (size_t)lua_tointeger(L, -1);
    return true;
}

static void compare(edge_span_t text, edge_span_t pattern, size_t from) {
    size_t begin, end;
    elua_pattern_walk_t walk = elua_pattern_walk(text, pattern, from, ELUA_PATTERN_FIRST, ENOUGH);
    if (walk.steps > ENOUGH || !library_finds(text, pattern, from, &begin, &end))
        return;
    if (walk.found != (begin != SIZE_MAX) || (walk.found && (walk.begin != begin || walk.end != end)))
        fail_msg("\"%.*s\" in \"%.*s\" from %zu: %d %zu-%zu, the library says %zu-%zu", (int)pattern.len, pattern.at,
                 (int)text.len, text.at, from, walk.found, walk.begin, walk.end, begin, end);
}

static void as_the_manual_says(void **state) {
    static const char *const patterns[] = {
        "a",     "b*",   "b-c",   "b+",       "^a",        "^b",           "c$",     "(a)(b)",   "()b()",
        "(b)%1", "%bac", "%f[c]", "%f[%z]",   "[^ab]",     "[]]",          "[a-b]+", "[%a%d]-c", "%u",
        "%W",    ".-$",  "^$",    "a?b?b?c?", "((a)(b)+)", "^%s*(.-)%s*$", "[a-]",   "%.%%",     "(a",
        "a)",    "%1",   "[a",    "%",        "%b",        "%f",           "",       "^"};
    static const char *const texts[] = {"", "a", "abbc", "  abbc  ", "aXbc9]", "aacc-", "abcabc", "x.%y", "bb"};
    (void)state;
    for (unsigned p = 0; p < sizeof(patterns) / sizeof(*patterns); p++)
        for (unsigned t = 0; t < sizeof(texts) / sizeof(*texts); t++)
            for (size_t from = 0; from <= strlen(texts[t]); from++)
                compare(edge_span_of(texts[t]), edge_span_of(patterns[p]), from);
}

static void as_the_library_does(void **state) {
    static const char letters[] = "ab1]%[()*+-?.^$bf\0w";
    uint32_t seed = 1;
    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        char pattern[12], text[12];
        size_t lengths[2];
        for (unsigned k = 0; k < 2; k++) {
            seed = seed * 1664525u + 1013904223u;
            lengths[k] = (seed >> 16) % sizeof(text);
            for (size_t at = 0; at < lengths[k]; at++) {
                seed = seed * 1664525u + 1013904223u;
                (k ? text : pattern)[at] = letters[(seed >> 16) % (k ? 4 : sizeof(letters) - 1)];
            }
        }
        compare(edge_span(text, lengths[1]), edge_span(pattern, lengths[0]), lengths[1] ? seed % (lengths[1] + 1) : 0);
    }
}

/* Steps grow as the trying does, and end at the limit. */
static void what_takes_long(void **state) {
    static char text[20000];
    (void)state;
    memset(text, ' ', sizeof(text));
    edge_span_t blanks = edge_span(text, sizeof(text));
    elua_pattern_walk_t walk = elua_pattern_walk(blanks, edge_span_of("^%s*(.-)%s*$"), 0, ELUA_PATTERN_FIRST, 10000000);
    assert_true(walk.steps > 20000 && walk.steps < 200000);
    walk = elua_pattern_walk(blanks, edge_span_of("%s*%s*%s*%s*x"), 0, ELUA_PATTERN_FIRST, 1000000);
    assert_false(walk.found);
    assert_true(walk.steps > 1000000 && walk.steps < 1100000);
    walk = elua_pattern_walk(blanks, edge_span_of("%b  x"), 0, ELUA_PATTERN_GSUB, 1000000);
    assert_true(walk.steps >= 20000);
    walk = elua_pattern_walk(blanks, edge_span_of(" "), 0, ELUA_PATTERN_FIRST, 1000);
    assert_true(walk.steps < 10);
    walk = elua_pattern_walk(blanks, edge_span_of(" "), 0, ELUA_PATTERN_GMATCH, 1000000);
    assert_true(walk.steps >= 20000 && walk.steps < 100000);
    walk = elua_pattern_walk(blanks, edge_span_of(" "), sizeof(text) + 1, ELUA_PATTERN_FIRST, 1000);
    assert_int_equal(walk.steps, 0);
}

/* gmatch knows no anchor. */
static void anchors(void **state) {
    (void)state;
    edge_span_t text = edge_span_of("x^ax^a");
    assert_false(elua_pattern_walk(text, edge_span_of("^a"), 0, ELUA_PATTERN_FIRST, 1000).found);
    assert_false(elua_pattern_walk(text, edge_span_of("^a"), 0, ELUA_PATTERN_GSUB, 1000).found);
    assert_true(elua_pattern_walk(text, edge_span_of("^a"), 0, ELUA_PATTERN_GMATCH, 1000).found);
}

static void plain_ones(void **state) {
    (void)state;
    assert_true(elua_pattern_is_plain(edge_span_of("abc @<>")) && elua_pattern_is_plain(edge_span_of("")) &&
                elua_pattern_is_plain(edge_span("a\0b", 3)));
    assert_false(elua_pattern_is_plain(edge_span_of("a.c")) || elua_pattern_is_plain(edge_span_of("a%")) ||
                 elua_pattern_is_plain(edge_span("a\0-", 3)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_the_manual_says, setup, teardown),
        cmocka_unit_test_setup_teardown(as_the_library_does, setup, teardown),
        cmocka_unit_test(what_takes_long),
        cmocka_unit_test(anchors),
        cmocka_unit_test(plain_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
