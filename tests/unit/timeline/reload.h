/* Through an image and back, between the changes of any test of these structures. */
#ifndef LIVEFLOOR_TESTS_RELOAD_H
#define LIVEFLOOR_TESTS_RELOAD_H

#include "base/image.h"
#include "support/check.h"
#include "timeline/images.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Saves or loads what is at a place. */
typedef void image_of(void *at, struct image *io);

static inline int image_file(void)
{
    char name[] = "/tmp/livefloor-image-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    return fd;
}

static inline int saved(image_of *of, void *at)
{
    int fd = image_file();
    struct image *io = image_save(fd);
    of(at, io);
    assert_int_equal(image_close(io), 0);
    return fd;
}

static inline void same_files(int a, int b)
{
    struct stat of_a, of_b;
    assert_int_equal(fstat(a, &of_a), 0);
    assert_int_equal(fstat(b, &of_b), 0);
    assert_int_equal(of_a.st_size, of_b.st_size);
    size_t size = (size_t)of_a.st_size;
    char *bytes = malloc(2 * size);
    assert_int_equal(pread(a, bytes, size, 0), size);
    assert_int_equal(pread(b, bytes + size, size, 0), size);
    assert_memory_equal(bytes, bytes + size, size);
    free(bytes);
}

/* Loads what was saved at `from` into `to`: the same bytes are saved of both afterwards. */
static inline void reload(image_of *of, void *from, void *to)
{
    int first = saved(of, from);
    struct image *io = image_load(first);
    of(to, io);
    assert_int_equal(image_close(io), 0);
    int second = saved(of, from), third = saved(of, to);
    same_files(first, second);
    same_files(first, third);
    close(first);
    close(second);
    close(third);
}

static inline void line_image(void *at, struct image *io)
{
    timeline_image(at, io);
}

static inline void set_image(void *at, struct image *io)
{
    interval_set_image(at, io);
}

static inline void links_image(void *at, struct image *io)
{
    struct link_set **set = at;
    struct link_set *got = link_set_image(image_loads(io) ? NULL : *set, io);
    assert_true(image_loads(io) || got == *set);
    *set = got;
}

/* Puts what was loaded in the place of what was there. */
static inline void reload_line(struct timeline *t)
{
    struct timeline fresh;
    memset(&fresh, 0x5a, sizeof fresh);
    reload(line_image, t, &fresh);
    assert_true(timeline_bytes(&fresh) <= timeline_bytes(t));
    timeline_clear(t);
    *t = fresh;
}

static inline void reload_set(struct interval_set *s)
{
    struct interval_set fresh;
    memset(&fresh, 0x5a, sizeof fresh);
    reload(set_image, s, &fresh);
    assert_true(interval_set_bytes(&fresh) <= interval_set_bytes(s));
    interval_set_clear(s);
    *s = fresh;
}

static inline void reload_links(struct link_set **s)
{
    struct link_set *fresh;
    memset(&fresh, 0x5a, sizeof fresh);
    reload(links_image, s, &fresh);
    assert_true(link_set_bytes(fresh) <= link_set_bytes(*s));
    link_set_free(*s);
    *s = fresh;
}

#endif
