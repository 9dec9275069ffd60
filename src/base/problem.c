#include "base/problem.h"

#include <stdio.h>
#include <string.h>

/* Takes back bytes of a UTF-8 sequence that the end of the room has cut. */
static void cut_on_boundary(char *text)
{
    size_t len = strlen(text), lead = len;
    while (lead > 0 && len - lead < 4 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80)
        lead--;
    if (lead == 0)
        return;
    unsigned char c = (unsigned char)text[lead - 1];
    size_t wanted = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    if (wanted > len - lead + 1)
        text[lead - 1] = '\0';
}

int problem_set(struct problem *p, int code, const char *format, ...)
{
    if (p == NULL)
        return -1;
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(p->message, sizeof p->message, format, arguments);
    va_end(arguments);
    if (wanted < 0)
        p->message[0] = '\0';
    else if ((size_t)wanted >= sizeof p->message)
        cut_on_boundary(p->message);
    p->code = code;
    return -1;
}
