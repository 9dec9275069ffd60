#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

#define URL_BYTES 2048u

/* What was given, or else what the environment says; NULL when neither says anything. */
static const char *given(const char *value, const char *name)
{
    if (value == NULL)
        value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

bool remote_named(const struct remote *r)
{
    return given(r->url, "LIVEFLOOR_URL") != NULL;
}

bool remote_complete(struct remote *r)
{
    static char base[URL_BYTES];
    r->url = given(r->url, "LIVEFLOOR_URL");
    r->token = given(r->token, "LIVEFLOOR_TOKEN");
    if (r->url == NULL) {
        fputs("livefloor: which server? Give --url or set LIVEFLOOR_URL.\n", stderr);
        return false;
    }
    if (r->token == NULL) {
        fputs("livefloor: a token is needed: give --token or set LIVEFLOOR_TOKEN.\n", stderr);
        return false;
    }
    size_t len = strlen(r->url);
    while (len > 0 && r->url[len - 1] == '/')
        len--;
    if (len >= sizeof base) {
        fprintf(stderr, "livefloor: the URL is longer than %u bytes.\n", URL_BYTES - 1);
        return false;
    }
    memcpy(base, r->url, len);
    base[len] = '\0';
    r->url = base;
    return true;
}

bool site_parse(const char *text, int64_t *out)
{
    char *end;
    *out = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *out > 0;
}
