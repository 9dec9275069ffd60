/* Log lines on standard error. Only the server, its command line and programs
 * of tests log; rooms below return their errors. */
#ifndef LIVEFLOOR_BASE_LOG_H
#define LIVEFLOOR_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Lines below this level are dropped (default LOG_INFO). */
void log_set_level(enum log_level level);

/* One line: time, level, text. Safe from any thread. */
void log_write(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
