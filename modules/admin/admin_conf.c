/* What may be written in <Admin>, and what of it becomes a listener. */
#include "admin.h"

#include "edge_conf_grow.h"

#define ADMIN EDGE_IN(ADMIN)
#define SLOT(member) offsetof(admin_conf_t, member)

static bool set_listen(const edge_conf_line_t *line, void *conf) {
    admin_conf_t *admin = conf;
    for (unsigned i = 0; i < line->count; i++) {
        if (admin->listen_count == ADMIN_LISTENS_MOST) {
            edge_conf_error(line, i, "EDG10900", "more than %d addresses in <Admin>", ADMIN_LISTENS_MOST);
            return false;
        }
        admin->listens[admin->listen_count++] = edge_span_copy(line->pool, line->arguments[i].text);
    }
    return true;
}

/* "localhost", "127.0.0.1", "[::1]": as a client writes it in Host, without the port. */
static bool is_host(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool inside = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' || c == '-';
        bool address = text.at[0] == '[' && (c == '[' || c == ']' || c == ':');
        if (!inside && !address)
            return false;
    }
    return text.len > 0 && (text.at[0] != '[' || text.at[text.len - 1] == ']');
}

static bool set_hosts(const edge_conf_line_t *line, void *conf) {
    admin_conf_t *admin = conf;
    for (unsigned i = 0; i < line->count; i++) {
        if (admin->host_count == ADMIN_HOSTS_MOST || !is_host(line->arguments[i].text)) {
            edge_conf_error(line, i, "EDG10901",
                            "\"%s\" is no host name as a browser sends it: mail.example.net, 192.0.2.1, [2001:db8::1], "
                            "without a port; %d at most",
                            line->arguments[i].text.at, ADMIN_HOSTS_MOST);
            return false;
        }
        admin->hosts[admin->host_count++] = edge_span_copy(line->pool, line->arguments[i].text);
    }
    return true;
}

static const char *const role_words[] = {"read", "operate", "admin", NULL};

static bool set_certificate(const edge_conf_line_t *line, void *conf) {
    admin_conf_t *admin = conf;
    int role = -1;
    for (int i = 0; line->count == 2 && role_words[i]; i++)
        role = edge_span_equal_nocase(line->arguments[0].text, edge_span_of(role_words[i])) ? i : role;
    if (role < 0 || admin->certificate_count == ADMIN_CERTIFICATES_MOST) {
        edge_conf_error(line, 0, "EDG10902",
                        "CertificateRole needs read, operate or admin, and a subject such as \"CN=alice,O=Example\"; "
                        "%d of them at most",
                        ADMIN_CERTIFICATES_MOST);
        return false;
    }
    admin->certificates[admin->certificate_count++] =
        (admin_certificate_t){edge_span_copy(line->pool, line->arguments[1].text), EDGE_ADMIN_READ + (unsigned)role};
    return true;
}

const edge_directive_t admin_directives[] = {
    {.name = "Listen",
     .scopes = ADMIN,
     .type = EDGE_CONF_CUSTOM,
     .set = set_listen,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "ADDRESS:PORT ...",
     .prose = "Where the admin's HTTP server is reached: a loopback address, without encryption. It becomes a listener "
              "named admin. For access from elsewhere write a <Listener> with Protocol admin and TLS immediate."},
    {.name = "AllowedHosts",
     .scopes = ADMIN,
     .type = EDGE_CONF_CUSTOM,
     .set = set_hosts,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NAME ...",
     .prose = "Names that a request may have in Host, besides localhost, 127.0.0.1, [::1] and the addresses that are "
              "listened on. Others are refused, so that no name of somebody else can be led here."},
    {.name = "Console",
     .scopes = ADMIN,
     .type = EDGE_CONF_SWITCH,
     .slot = SLOT(console),
     .initial = "on",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose = "Whether the console's pages are served beside the API."},
    {.name = "ConsoleFiles",
     .scopes = ADMIN,
     .type = EDGE_CONF_PATH,
     .slot = SLOT(files),
     .initial = "htdocs",
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose = "The directory of the console's pages. They are read when the server starts or reloads. A file NAME.gz "
              "beside NAME is sent to who understands gzip."},
    {.name = "MaxStreams",
     .scopes = ADMIN,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(max_streams),
     .initial = "4",
     .min = 1,
     .max = 64,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose =
         "How many streams of events, and of the lines of sessions that are followed, may be open at once; one more is "
         "answered 503. A browser needs one, however many pages are open, and one for each session that it shows."},
    {.name = "RequestRate",
     .scopes = ADMIN,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(request_rate),
     .initial = "20",
     .min = 1,
     .max = 100000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "Requests of one token, session or address in a second, and three times as many at once; more are "
              "answered 429. The control socket knows no such limit."},
    {.name = "CertificateRole",
     .scopes = ADMIN,
     .type = EDGE_CONF_CUSTOM,
     .set = set_certificate,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "read | operate | admin SUBJECT",
     .prose = "The role of whoever shows the certificate of this subject, as in \"CN=alice,O=Example\", to a listener "
              "whose <TLSContext> asks for one."},
    {.name = "Insecure",
     .scopes = ADMIN,
     .type = EDGE_CONF_SWITCH,
     .slot = SLOT(insecure),
     .initial = "off",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose = "Allows a listener with Protocol admin beyond this machine without TLS, or before there is any token. "
              "Whoever can read the network then reads tokens, too."},
    {.name = NULL},
};

const admin_conf_t *admin_conf_of(const edge_snapshot_t *snapshot) {
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_ADMIN, edge_span_of(""));
    return section ? edge_section_conf(section, &admin_module) : NULL;
}

const edge_section_t *admin_conf_listener(const edge_snapshot_t *snapshot, unsigned index) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        const edge_listener_t *listener = section->scope == EDGE_SCOPE_LISTENER ? section->instance : NULL;
        if (listener && listener->protocol == &admin_protocol && index-- == 0)
            return section;
    }
    return NULL;
}

/* The addresses of <Admin> as a listener like any other, so that the parent binds them and workers accept. */
void admin_conf_expand(edge_conf_check_t *check) {
    edge_conf_node_t *root = edge_conf_grow_root(check), *section = edge_conf_grow_section(root, NULL, "Admin"),
                     *listen, *listener = NULL;
    for (listen = section ? edge_conf_grow_directive(section, NULL, "Listen") : NULL; listen;
         listen = edge_conf_grow_directive(section, listen, "Listen")) {
        edge_conf_origin_t origin = edge_conf_grow_origin(listen);
        const char *words[ADMIN_LISTENS_MOST], *protocol = "admin";
        unsigned count = 0;
        for (; count < ADMIN_LISTENS_MOST && edge_conf_grow_argument(listen, count).at; count++)
            words[count] = edge_conf_grow_argument(listen, count).at;
        if (!listener) {
            listener = edge_conf_grow_add_section(check, root, origin, "Listener", "admin");
            edge_conf_grow_add(check, listener, origin, "Protocol", &protocol, 1);
        }
        edge_conf_grow_add(check, listener, origin, "Listen", words, count);
    }
}

/* Checks */

static bool is_loopback(edge_span_t text) {
    edge_ipaddr_t address;
    const char *colon = text.at + text.len;
    while (colon > text.at && *colon != ':')
        colon--;
    edge_span_t host = edge_span(text.at, (size_t)(colon - text.at));
    if (host.len > 1 && host.at[0] == '[')
        host = edge_span(host.at + 1, host.len - 2);
    return edge_ipaddr_parse(host, &address) && edge_ipaddr_is_loopback(address);
}

/* The address of a listener that others than this machine can reach; absent: none. */
static edge_span_t beyond_this_machine(const edge_section_t *section) {
    const edge_conf_node_t *listen = NULL;
    while ((listen = edge_conf_grow_directive(section->node, listen, "Listen")) != NULL)
        for (unsigned i = 0; edge_conf_grow_argument(listen, i).at; i++)
            if (!is_loopback(edge_conf_grow_argument(listen, i)))
                return edge_conf_grow_argument(listen, i);
    return EDGE_NO_SPAN;
}

static bool has_certificates(const admin_conf_t *conf) { return conf && conf->certificate_count > 0; }

static void check_listener(edge_conf_check_t *check, const edge_section_t *section, const admin_conf_t *conf) {
    const edge_listener_t *listener = section->instance;
    edge_span_t open = beyond_this_machine(section);
    if (edge_section_wrote(section, "Queue", NULL, NULL))
        edge_conf_error_in(check, section, "Queue", "EDG10903", "Protocol admin takes no mail: write no Queue here");
    if (listener->tls && listener->tls->mode == EDGE_TLS_STARTTLS)
        edge_conf_error_in(check, section, "TLS", "EDG10904",
                           "TLS starttls is SMTP's; Protocol admin is HTTP: write TLS immediate");
    if (!open.at || (conf && conf->insecure))
        return;
    if (!listener->tls)
        edge_conf_error_in(check, section, "Listen", "EDG10905",
                           "%s can be reached from other machines, and Protocol admin without TLS shows tokens to all "
                           "who read the network: write TLS immediate here, or listen on 127.0.0.1",
                           open.at);
    if (edge_tokens_count() == 0 && !has_certificates(conf))
        edge_conf_error_in(check, section, "Listen", "EDG10906",
                           "%s can be reached from other machines, and nobody could say who he is: make a token "
                           "(edgectl token create --name NAME --role admin), or write CertificateRole in <Admin>",
                           open.at);
}

void admin_conf_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    const admin_conf_t *conf = admin_conf_of(snapshot);
    const edge_section_t *section;
    for (unsigned i = 0; (section = admin_conf_listener(snapshot, i)) != NULL; i++)
        check_listener(check, section, conf);
}
