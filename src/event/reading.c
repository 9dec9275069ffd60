#include "event/reading.h"

#include <stdio.h>

#define SHOWN_BYTES 48u

/* Did the string need no unescaping? Then it is checked already: the parser
 * lets neither bad UTF-8 nor raw control characters pass. */
static bool is_plain(const struct json_node *string)
{
    return string->text.data == string->raw.data + 1;
}

bool reading_is_text(const struct json_node *string)
{
    return !string->broken && (is_plain(string) || span_is_text(string->text));
}

struct span reading_keep(const struct reading *r, const struct json_node *string)
{
    if (r->context == NULL && is_plain(string))
        return string->text; /* the text is the arena's */
    if (r->kept != NULL && is_plain(string))
        return (struct span){r->kept + (string->text.data - r->sent), string->text.len};
    return arena_copy(r->arena, string->text);
}

struct shown reading_show(struct span raw)
{
    struct shown s;
    size_t len = raw.len;
    bool cut = len > SHOWN_BYTES;
    if (cut) {
        len = SHOWN_BYTES;
        while (len > 0 && ((unsigned char)raw.data[len] & 0xC0) == 0x80)
            len--;
    }
    snprintf(s.text, sizeof s.text, "%.*s%s", (int)len, raw.len == 0 ? "" : raw.data,
             cut ? "..." : "");
    /* Blanks within an object or array may be line ends; a message is one line. */
    for (char *c = s.text; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
    }
    return s;
}

int reading_no_memory(struct reading *r)
{
    return problem_set(r->problem, PROBLEM_INTERNAL, "The server is out of memory: try again");
}
