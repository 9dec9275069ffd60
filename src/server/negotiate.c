/* The pure parts of HTTP's content negotiation. */
#include "server/respond.h"

static struct span trim(struct span s)
{
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Takes the next part up to the separator off the front. */
static bool next_part(struct span *rest, char separator, struct span *part)
{
    if (rest->data == NULL)
        return false;
    const char *end = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
    *part = trim((struct span){rest->data, len});
    if (end == NULL) {
        *rest = (struct span){NULL, 0};
    } else {
        rest->data += len + 1;
        rest->len -= len + 1;
    }
    return true;
}

/* Is this a q parameter of value 0 ("q=0", "q=0.00")? */
static bool is_zero_quality(struct span parameter)
{
    if (parameter.len < 3 || (parameter.data[0] | 0x20) != 'q' || parameter.data[1] != '=')
        return false;
    for (size_t i = 2; i < parameter.len; i++)
        if (parameter.data[i] != '0' && parameter.data[i] != '.')
            return false;
    return true;
}

bool accepts_gzip(struct span accept_encoding)
{
    struct span rest = accept_encoding, coding;
    int any = -1, gzip = -1; /* not said */
    while (next_part(&rest, ',', &coding)) {
        struct span parameters = coding, name, parameter;
        if (!next_part(&parameters, ';', &name))
            continue;
        int allowed = 1;
        while (next_part(&parameters, ';', &parameter))
            if (is_zero_quality(parameter))
                allowed = 0;
        if (span_equal_nocase(name, SPAN("gzip")) || span_equal_nocase(name, SPAN("x-gzip")))
            gzip = allowed;
        else if (span_equal(name, SPAN("*")))
            any = allowed;
    }
    return gzip >= 0 ? gzip == 1 : any == 1;
}

bool etag_matches(struct span if_none_match, struct span etag)
{
    struct span rest = if_none_match, tag;
    while (next_part(&rest, ',', &tag)) {
        if (span_equal(tag, SPAN("*")))
            return true;
        if (tag.len > 2 && tag.data[0] == 'W' && tag.data[1] == '/')
            tag = (struct span){tag.data + 2, tag.len - 2};
        if (span_equal(tag, etag))
            return true;
    }
    return false;
}
