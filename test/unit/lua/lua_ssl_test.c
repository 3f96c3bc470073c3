/* ratchet.ssl: contexts become sections, each with the line of its making. */
#include "lua_conf_fixture.h"

static void one_file(void **state) {
    (void)state;
    wire_grows(
        "local ssl = ratchet.ssl.new(ratchet.ssl.TLSv1_server)\nssl:load_certs('/path/to/cert.pem')\n"
        "smtp_edge:enable_tls(ssl)",
        "3 mx/TLS starttls context=lua:mx:edge.lua:1; 1 TLSContext lua:mx:edge.lua:1; "
        "2 lua:mx:edge.lua:1/Certificate /path/to/cert.pem; 2 lua:mx:edge.lua:1/CertificateKey /path/to/cert.pem");
}

static void all_of_it(void **state) {
    (void)state;
    wire_grows("local ssl = ratchet.ssl.new()\nsmtp_edge:enable_tls(ssl, true)\nssl:load_certs('a', 'b')\n"
               "ssl:load_certs('c', 'd')\nssl:load_cas(nil, 'e')\nssl:set_verify_mode('fail')\n"
               "ssl:load_dh_params('x')\nssl:generate_tmp_rsa(512)\nssl:load_randomness('/dev/urandom')\n",
               "2 mx/TLS immediate context=lua:mx:edge.lua:1; 1 TLSContext lua:mx:edge.lua:1; "
               "4 lua:mx:edge.lua:1/Certificate a; 4 lua:mx:edge.lua:1/CertificateKey b; "
               "4 lua:mx:edge.lua:1/Certificate c; 4 lua:mx:edge.lua:1/CertificateKey d; "
               "1 lua:mx:edge.lua:1/ClientCA e; 1 lua:mx:edge.lua:1/ClientCertificate require");
}

static void one_that_is_not_used_is_not_there(void **state) {
    (void)state;
    wire_grows("local ssl = ratchet.ssl.new()\nssl:load_certs('a')", "");
}

/* Two of one line have names of their own. */
static void names(void **state) {
    (void)state;
    wire_grows("local a, b = ratchet.ssl.new(), ratchet.ssl.new()\nb:load_certs('x')\nsmtp_edge:enable_tls(b)",
               "3 mx/TLS starttls context=lua:mx:edge.lua:1-2; 1 TLSContext lua:mx:edge.lua:1-2; "
               "2 lua:mx:edge.lua:1-2/Certificate x; 2 lua:mx:edge.lua:1-2/CertificateKey x");
}

/* And two of one script, or of scripts that are called the same. */
static void names_in_several_scripts(void **state) {
    const char *script = "local ssl = ratchet.ssl.new()\nssl:load_certs('x')\nsmtp_edge:enable_tls(ssl)";
    (void)state;
    wire_build(script, "<Listener a>\nListen 127.0.0.1:25\nQueue main\nLuaScript edge.lua\n</Listener>\n"
                       "<Listener \"a b,c\">\nListen 127.0.0.1:26\nQueue main\nLuaScript edge.lua\n</Listener>\n"
                       "<Listener \"a b_c\">\nListen 127.0.0.1:27\nQueue main\nLuaScript edge.lua\n</Listener>\n");
    assert_string_equal(fixture_codes(), "");
    assert_non_null(strstr(wire_grown(), "a/TLS starttls context=lua:a:edge.lua:1; "));
    assert_non_null(strstr(wire_grown(), "a b,c/TLS starttls context=lua:a_b_c:edge.lua:1; "));
    assert_non_null(strstr(wire_grown(), "a b_c/TLS starttls context=lua:a_b_c:edge.lua:1-2; "));
}

static void what_is_refused(void **state) {
    (void)state;
    wire_fails(
        "ratchet.ssl.new():load_certs('a', 'b', 'password')", "EDG10990@1:0",
        "bad argument #3 to 'load_certs' (a key with a password cannot be used: the server must start by itself)");
    wire_fails("ratchet.ssl.new():load_cas('/etc/ssl/certs')", "EDG10990@1:0",
               "bad argument #1 to 'load_cas' (a directory of certificates cannot be used: give nil and a file)");
    wire_fails("ratchet.ssl.new():set_verify_mode('often')", "EDG10990@1:0",
               "bad argument #1 to 'set_verify_mode' (invalid option 'often')");
    wire_fails("local s = ratchet.ssl.new()\nfor i = 1, 9 do s:load_certs('x') end", "EDG10990@2:0",
               "load_certs: more than 8 certificates");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_file),        cmocka_unit_test(all_of_it),
        cmocka_unit_test(names),           cmocka_unit_test(one_that_is_not_used_is_not_there),
        cmocka_unit_test(what_is_refused), cmocka_unit_test(names_in_several_scripts),
    };
    return cmocka_run_group_tests(tests, wire_set_up, wire_tear_down);
}
