#include "cli/lines.h"

#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK_BYTES (256u << 10)

struct lines {
    char *const *names;
    size_t count, at; /* files; which is open */
    gzFile file;
    uint64_t number;
    uint64_t done_before, total; /* bytes of the files before this one */
    char chunk[CHUNK_BYTES];
    size_t chunk_len, chunk_at;
    struct buffer line;
    char error[256];
};

static uint64_t size_of(const char *name)
{
    struct stat s;
    int known = strcmp(name, "-") == 0 ? fstat(STDIN_FILENO, &s) : stat(name, &s);
    return known == 0 && S_ISREG(s.st_mode) ? (uint64_t)s.st_size : 0;
}

struct lines *lines_open(char *const *names, size_t count)
{
    struct lines *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->names = names;
    l->count = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t size = size_of(names[i]);
        if (size == 0) { /* a pipe: there is no total */
            l->total = 0;
            break;
        }
        l->total += size;
    }
    return l;
}

void lines_close(struct lines *l)
{
    if (l == NULL)
        return;
    if (l->file != NULL)
        gzclose(l->file);
    buffer_free(&l->line);
    free(l);
}

static int file_open(struct lines *l)
{
    const char *name = l->names[l->at];
    l->file = strcmp(name, "-") == 0 ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(name, "rb");
    if (l->file == NULL) {
        snprintf(l->error, sizeof l->error, "%s cannot be read", name);
        return -1;
    }
    gzbuffer(l->file, CHUNK_BYTES);
    l->number = 0;
    size_t len = strlen(name);
    if (len > 3 && strcmp(name + len - 3, ".gz") == 0) {
        int first = gzgetc(l->file);
        if (first < 0 && gzdirect(l->file)) { /* nothing is left but its name */
            snprintf(l->error, sizeof l->error, "%s is empty: it is no gzip file", name);
            return -1;
        }
        if (first >= 0)
            gzungetc(first, l->file);
    }
    return 0;
}

/* More bytes: 1; the file's end: 0; -1 with the error. */
static int chunk_read(struct lines *l)
{
    int got = gzread(l->file, l->chunk, sizeof l->chunk), code = Z_OK;
    const char *why = got <= 0 ? gzerror(l->file, &code) : NULL;
    if (got == 0 && code == Z_BUF_ERROR)
        why = "the gzip file is cut off: its end is missing";
    if (got < 0 || (got == 0 && (!gzeof(l->file) || code != Z_OK))) {
        snprintf(l->error, sizeof l->error, "%s: %s", l->names[l->at], why);
        return -1;
    }
    l->chunk_len = (size_t)got;
    l->chunk_at = 0;
    return got > 0;
}

static void file_end(struct lines *l)
{
    l->done_before += size_of(l->names[l->at]);
    gzclose(l->file);
    l->file = NULL;
    l->at++;
}

/* Takes what the chunk has of the line; true when the line is whole. */
static bool line_take(struct lines *l)
{
    const char *from = l->chunk + l->chunk_at;
    size_t left = l->chunk_len - l->chunk_at;
    const char *end = memchr(from, '\n', left);
    size_t len = end != NULL ? (size_t)(end - from) : left;
    buffer_append(&l->line, from, len);
    l->chunk_at += len + (end != NULL);
    return end != NULL;
}

static enum lines_status line_give(struct lines *l, size_t most, struct span *out)
{
    l->number++;
    *out = buffer_span(&l->line);
    if (out->len > 0 && out->data[out->len - 1] == '\r')
        out->len--;
    return out->len > most ? LINES_TOO_LONG : LINES_OK;
}

enum lines_status lines_next(struct lines *l, size_t most, struct span *out)
{
    buffer_reset(&l->line);
    for (;;) {
        if (l->file == NULL) {
            if (l->at == l->count)
                return LINES_END;
            if (file_open(l) < 0)
                return LINES_FAILED;
        }
        if (l->chunk_at < l->chunk_len) {
            if (line_take(l))
                return line_give(l, most, out);
            if (l->line.failed || l->line.len > (64u << 20)) {
                snprintf(l->error, sizeof l->error, "%s: a line without end", l->names[l->at]);
                return LINES_FAILED;
            }
            continue;
        }
        int more = chunk_read(l);
        if (more < 0)
            return LINES_FAILED;
        if (more > 0)
            continue;
        bool last = l->line.len > 0; /* a last line without its end */
        if (last)
            return line_give(l, most, out);
        file_end(l);
    }
}

const char *lines_error(const struct lines *l)
{
    return l->error;
}

const char *lines_file(const struct lines *l)
{
    return l->at < l->count ? l->names[l->at] : "";
}

uint64_t lines_number(const struct lines *l)
{
    return l->number;
}

void lines_progress(const struct lines *l, uint64_t *done, uint64_t *total)
{
    *total = l->total;
    *done = l->done_before + (l->file != NULL ? (uint64_t)gzoffset(l->file) : 0);
}
