#include "base/log.h"

#include "base/instant.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* A longer line is cut: it must go out in one write to stay whole among threads. */
#define LINE_BYTES 2048u

static atomic_int lowest = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&lowest, (int)level, memory_order_relaxed);
}

/* Control characters (of a request's text, say) must not forge lines or move a
 * terminal's cursor. */
static void blank_controls(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = ' ';
    }
}

void log_write(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    if ((int)level < atomic_load_explicit(&lowest, memory_order_relaxed))
        return;
    char line[LINE_BYTES], when[INSTANT_TEXT_BYTES];
    instant_format(clock_now_us(), when);
    size_t len = (size_t)snprintf(line, sizeof line, "%s %s ", when, names[level]);
    va_list arguments;
    va_start(arguments, format);
    int text = vsnprintf(line + len, sizeof line - len, format, arguments);
    va_end(arguments);
    if (text > 0) {
        size_t room = sizeof line - len - 1, got = (size_t)text < room ? (size_t)text : room;
        blank_controls(line + len, got);
        len += got;
    }
    line[len] = '\n'; /* over the terminator: there is always room */
    if (write(STDERR_FILENO, line, len + 1) < 0)
        return; /* nowhere left to complain */
}
