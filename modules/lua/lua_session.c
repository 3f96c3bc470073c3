/* The session as a script sees it. */
#include "mod_lua.h"

void elua_session_forget_all(elua_world_t *world) { world->sessions = NULL; }
