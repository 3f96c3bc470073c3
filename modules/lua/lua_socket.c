/* ratchet.socket: where a script wants its edges to listen. No socket is opened here: the server binds what the
 * configuration names. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge_ipaddr.h"
#include "lua_script.h"

#define SOCKET "ratchet.socket"
#define ADDRESS_MOST 64

typedef struct socket_value {
    char address[ADDRESS_MOST]; /* as Listen takes it; "" before bind */
    bool listens;
} socket_value_t;

static int trouble(lua_State *L, const char *host, const char *port, int code) {
    return luaL_error(L, "prepare_tcp: %s port %s: %s", host, port, gai_strerror(code));
}

static void write_address(const struct sockaddr *from, char *out) {
    char host[INET6_ADDRSTRLEN] = "", port[8] = "";
    getnameinfo(from, from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in), host,
                sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(out, ADDRESS_MOST, from->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* prepare_tcp(HOST, PORT): "*" is every address of IPv4. A name is looked up, which is waited for. */
static int prepare_tcp(lua_State *L) {
    const char *host = luaL_checkstring(L, 1), *port = luaL_checkstring(L, 2);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    char address[ADDRESS_MOST];
    elua_must_start(L, "prepare_tcp");
    int code = getaddrinfo(strcmp(host, "*") == 0 ? "0.0.0.0" : host, port, &hints, &found);
    if (code != 0)
        return trouble(L, host, port, code);
    write_address(found->ai_addr, address);
    bool is_v6 = found->ai_family == AF_INET6;
    freeaddrinfo(found);
    lua_settop(L, 2);
    lua_createtable(L, 0, 6);
    lua_pushinteger(L, is_v6 ? AF_INET6 : AF_INET);
    lua_setfield(L, 3, "family");
    lua_pushinteger(L, SOCK_STREAM);
    lua_setfield(L, 3, "socktype");
    lua_pushinteger(L, 0);
    lua_setfield(L, 3, "protocol");
    lua_pushstring(L, address);
    lua_setfield(L, 3, "addr");
    lua_pushvalue(L, 1);
    lua_setfield(L, 3, "host");
    lua_pushvalue(L, 2);
    lua_setfield(L, 3, "port");
    return 1;
}

static int prepare_unix(lua_State *L) {
    return luaL_error(L, "an edge listens on TCP here: use prepare_tcp(HOST, PORT)");
}

static int socket_new(lua_State *L) {
    elua_must_start(L, "ratchet.socket.new");
    socket_value_t *value = lua_newuserdatauv(L, sizeof(*value), 0);
    memset(value, 0, sizeof(*value));
    luaL_setmetatable(L, SOCKET);
    return 1;
}

static socket_value_t *socket_at(lua_State *L) { return luaL_checkudata(L, 1, SOCKET); }

static int socket_bind(lua_State *L) {
    socket_value_t *value = socket_at(L);
    size_t len;
    const char *address = luaL_checklstring(L, 2, &len);
    luaL_argcheck(L, len < ADDRESS_MOST, 2, "the address must be what prepare_tcp gave as addr");
    memcpy(value->address, address, len + 1);
    return 0;
}

static int socket_listen(lua_State *L) {
    socket_value_t *value = socket_at(L);
    if (!value->address[0])
        return luaL_error(L, "listen: the socket is not bound");
    value->listens = true;
    return 0;
}

/* Options, time-outs and the end are the server's to set: SO_REUSEADDR always is, Timeout is set_timeout of the edge. */
static int socket_other(lua_State *L) {
    socket_at(L);
    return 0;
}

static int gethostname_here(lua_State *L) {
    char name[256] = "";
    if (gethostname(name, sizeof(name) - 1) != 0)
        return luaL_error(L, "gethostname: %s", strerror(errno));
    lua_pushstring(L, name);
    return 1;
}

const char *elua_socket_address(lua_State *L, int index) {
    socket_value_t *value = luaL_checkudata(L, index, SOCKET);
    if (!value->listens)
        luaL_argerror(L, index, "the socket must be bound and listen: call its bind and listen before");
    return value->address;
}

void elua_socket_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"prepare_tcp", prepare_tcp},
                                         {"prepare_unix", prepare_unix},
                                         {"new", socket_new},
                                         {"gethostname", gethostname_here},
                                         {NULL, NULL}};
    static const luaL_Reg methods[] = {{"bind", socket_bind},        {"listen", socket_listen},
                                       {"setsockopt", socket_other}, {"set_timeout", socket_other},
                                       {"close", socket_other},      {NULL, NULL}};
    luaL_newmetatable(L, SOCKET);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, socket_other); /* socket.SO_REUSEADDR = true */
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    elua_library(L, SOCKET);
    lua_setfield(L, -2, "socket");
}
