/* What edgectl would say on standard error: its last line, for tests. */
#ifndef TEST_EDGECTL_SAID_H
#define TEST_EDGECTL_SAID_H

/* "" when nothing was said since it was asked last. */
const char *said(void);

#endif
