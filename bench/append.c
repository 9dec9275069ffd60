/* What the disk alone takes: appends the lines of a file to another, a group at a time,
 * each made durable by fdatasync.
 *
 *   append FROM TO LINES_PER_GROUP [GROUPS]
 *
 * Prints one line of JSON: lines and groups in a second. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const char *group_end(const char *at, const char *end, unsigned long lines)
{
    while (at < end && lines-- > 0) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline != NULL ? newline + 1 : end;
    }
    return at;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    unsigned long per_group = strtoul(argv[3], NULL, 10);
    unsigned long most = argc > 4 ? strtoul(argv[4], NULL, 10) : (unsigned long)-1, groups = 0;
    struct stat s;
    int from = open(argv[1], O_RDONLY), to = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (from < 0 || to < 0 || fstat(from, &s) != 0) {
        perror("append");
        return 1;
    }
    const char *data = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, from, 0);
    const char *end = data + s.st_size, *at = data;
    double began = seconds();
    for (; at < end && groups < most; groups++) {
        const char *next = group_end(at, end, per_group);
        if (write(to, at, (size_t)(next - at)) != next - at || fdatasync(to) != 0) {
            perror("append");
            return 1;
        }
        at = next;
    }
    double took = seconds() - began;
    printf("{\"lines_per_s\": %.0f, \"groups_per_s\": %.1f}\n", (double)(groups * per_group) / took,
           (double)groups / took);
    return 0;
}
