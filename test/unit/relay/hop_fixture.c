/* The sources of the tests of next hops. */
#include "../relay_discard/hop_fixture.c"
