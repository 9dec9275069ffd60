/* Limits requests for each token: a bucket that fills by `limit` a second and holds a
 * second's worth. */
#ifndef LIVEFLOOR_SERVER_RATE_H
#define LIVEFLOOR_SERVER_RATE_H

#include <stdbool.h>

/* Takes one request out of the token's bucket; false when it is empty. Any thread. */
bool rate_allows(const char *token_id, unsigned limit);

#endif
