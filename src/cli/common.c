#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

bool remote_complete(struct remote *r)
{
    if (r->url == NULL)
        r->url = getenv("LIVEFLOOR_URL");
    if (r->token == NULL)
        r->token = getenv("LIVEFLOOR_TOKEN");
    if (r->url != NULL && *r->url == '\0')
        r->url = NULL;
    if (r->token != NULL && *r->token == '\0')
        r->token = NULL;
    if (r->url == NULL)
        fputs("livefloor: which server? Give --url or set LIVEFLOOR_URL.\n", stderr);
    else if (r->token == NULL)
        fputs("livefloor: a token is needed: give --token or set LIVEFLOOR_TOKEN.\n", stderr);
    return r->url != NULL && r->token != NULL;
}

bool site_parse(const char *text, int64_t *out)
{
    char *end;
    *out = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *out > 0;
}
