/* The name server of the tests of server/io. */
#include "../io/name_server.c"
