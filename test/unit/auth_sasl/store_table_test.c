/* A password file as a table: users, their credentials, what is usual, what is wrong. */
#include "sasl_fixture.h"

#define KEYS "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define VERIFIER "{SCRAM-SHA-256}4096$W22ZaJ0SNY7soEsUEjb6gQ==:" KEYS
#define COSTLY "{SCRAM-SHA-256}50000$W22ZaJ0SNY7soEsUEjb6gQ==:" KEYS
#define SHA512(salt) \
    "$6$" salt "$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"

static char complaints[2000];

static void complain(void *context, unsigned line, const char *what) {
    size_t len = strlen(complaints);
    (void)context;
    snprintf(complaints + len, sizeof(complaints) - len, "%u %s\n", line, what);
}

static store_table_t *make(const char *text) {
    char *bytes = malloc(strlen(text) + 1);
    memcpy(bytes, text, strlen(text) + 1);
    complaints[0] = '\0';
    return store_table_make(bytes, strlen(text), complain, NULL);
}

static const store_user_t *find(const store_table_t *table, const char *name) {
    return store_table_find(table, edge_span_of(name));
}

static void users(void **state) {
    store_table_t *table =
        make("# staff\n\nann:" VERIFIER ":ann@example.org\nbob:{PLAIN}a\\:b\r\ncy:" SHA512("saltstring"));
    assert_non_null(table);
    assert_string_equal(complaints, "");
    assert_int_equal(table->user_count, 3);
    assert_string_equal(find(table, "ann")->identity.at, "ann@example.org");
    assert_int_equal(find(table, "ann")->first->scram.iterations, 4096);
    assert_string_equal(find(table, "bob")->identity.at, "bob");
    assert_string_equal(find(table, "bob")->first->text.at, "a:b");
    assert_true(edge_password_crypt_verify(find(table, "cy")->first->text.at, edge_span_of("Hello world!")));
    assert_null(find(table, "Ann"));
    assert_null(find(table, "an"));
    assert_null(find(table, "staff"));
    store_table_drop(table);
}

static void several_credentials(void **state) {
    store_table_t *table = make("ann:" SHA512("a") ":id\nbob:{PLAIN}x\nann:" VERIFIER ":id\nann:{PLAIN}y:id\n");
    assert_non_null(table);
    const store_user_t *ann = find(table, "ann");
    assert_int_equal(table->user_count, 2);
    assert_int_equal(ann->first->kind, EDGE_PASSWORD_CRYPT);
    assert_ptr_equal(store_user_credential(ann, EDGE_PASSWORD_CRYPT), ann->first);
    assert_int_equal(store_user_credential(ann, EDGE_PASSWORD_SCRAM_SHA_256)->scram.iterations, 4096);
    assert_string_equal(store_user_credential(ann, EDGE_PASSWORD_PLAIN)->text.at, "y");
    assert_null(store_user_credential(find(table, "bob"), EDGE_PASSWORD_CRYPT));
    store_table_drop(table);
}

/* RFC 4013: names that look alike are the same. */
static void prepared_names(void **state) {
    store_table_t *table = make("\xe2\x85\xa8:{PLAIN}x\nj\xc3\xb6rg:{PLAIN}y\n");
    assert_non_null(table);
    assert_non_null(find(table, "IX"));
    assert_non_null(find(table, "j\xc3\xb6rg"));
    store_table_drop(table);
    assert_null(make("IX:{PLAIN}x\n\xe2\x85\xa8:{PLAIN}x\n"));
    assert_non_null(strstr(complaints, "2 user \"IX\" has a credential of this kind already, from line 1 on"));
}

static void wrong_lines(void **state) {
    assert_null(make("ann:" VERIFIER "\nbob\ncy:$9$x$y\nann:" COSTLY "\ndee:{PLAIN}x:a\ndee:" VERIFIER ":b\n"));
    assert_non_null(strstr(complaints, "2 a line that is not USER:CREDENTIAL[:IDENTITY]\n"));
    assert_non_null(strstr(complaints, "3 a hash of a method that crypt(3) does not know here\n"));
    assert_non_null(strstr(complaints, "4 user \"ann\" has a credential of this kind already, from line 1 on\n"));
    assert_non_null(strstr(complaints, "6 user \"dee\" has another identity in line 5\n"));
}

static void usual(void **state) {
    store_table_t *table = make("a:" SHA512("a") "\nb:" VERIFIER "\nc:" SHA512("c") "\nd:{PLAIN}x\n");
    assert_int_equal(table->usual->kind, EDGE_PASSWORD_CRYPT);
    assert_int_equal(table->usual_iterations, 4096);
    store_table_drop(table);
    table = make("a:" SHA512("rounds=9999$a") "\nb:" SHA512("a") "\nc:" SHA512("rounds=9999$b") "\nd:" SHA512(
        "rounds=9$b") "\n");
    assert_memory_equal(table->usual->text.at, "$6$rounds=9999$", 15);
    assert_int_equal(table->usual_iterations, 0);
    store_table_drop(table);
    table = make("a:" VERIFIER "\nb:" COSTLY "\nc:" COSTLY "\nd:{PLAIN}x\n");
    assert_int_equal(table->usual->scram.iterations, 50000);
    assert_int_equal(table->usual_iterations, 50000);
    store_table_drop(table);
    table = make("d:{PLAIN}x\n");
    assert_int_equal(table->usual_iterations, STORE_PLAIN_ITERATIONS);
    store_table_drop(table);
    table = make("");
    assert_null(table->usual);
    assert_null(find(table, "a"));
    store_table_drop(table);
}

static void many_users(void **state) {
    const unsigned count = 20000;
    char *text = malloc(count * 32), name[16];
    size_t len = 0;
    for (unsigned i = 0; i < count; i++)
        len += (size_t)sprintf(text + len, "user%u:{PLAIN}%u\n", i, i);
    complaints[0] = '\0';
    store_table_t *table = store_table_make(realloc(text, len + 1), len, complain, NULL);
    assert_non_null(table);
    assert_int_equal(table->user_count, count);
    for (unsigned i = 0; i < count; i++) {
        sprintf(name, "user%u", i);
        assert_int_equal(atoi(find(table, name)->first->text.at), i);
    }
    assert_null(find(table, "user20000"));
    store_table_drop(store_table_hold(table));
    store_table_drop(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users),          cmocka_unit_test(several_credentials),
        cmocka_unit_test(prepared_names), cmocka_unit_test(wrong_lines),
        cmocka_unit_test(usual),          cmocka_unit_test(many_users),
    };
    return cmocka_run_group_tests_name("auth_sasl/store_table", tests, sasl_set_up, fixture_tear_down);
}
