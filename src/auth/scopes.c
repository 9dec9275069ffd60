#include "auth/auth.h"

#include <stdio.h>

static const struct {
    const char *word;
    uint32_t scope;
} SCOPES[] = {{"read", SCOPE_READ}, {"ingest", SCOPE_INGEST}, {"admin", SCOPE_ADMIN}};
#define SCOPE_COUNT (sizeof SCOPES / sizeof SCOPES[0])

bool scopes_parse(struct span text, uint32_t *out)
{
    *out = 0;
    for (size_t at = 0; at <= text.len;) {
        const char *comma = at < text.len ? memchr(text.data + at, ',', text.len - at) : NULL;
        size_t end = comma != NULL ? (size_t)(comma - text.data) : text.len, i = 0;
        while (i < SCOPE_COUNT &&
               !span_equal((struct span){text.data + at, end - at}, span_of(SCOPES[i].word)))
            i++;
        if (i == SCOPE_COUNT)
            return false;
        *out |= SCOPES[i].scope;
        at = end + 1;
    }
    return true;
}

void scopes_format(uint32_t scopes, char out[32])
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (scopes & SCOPES[i].scope)
            len +=
                (size_t)snprintf(out + len, 32 - len, "%s%s", len > 0 ? "," : "", SCOPES[i].word);
}
