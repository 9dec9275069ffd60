/* What the disk alone takes: appends the lines of a file to another, a group at a time,
 * each made durable by fdatasync.
 *
 *   append FROM TO LINES_PER_GROUP [GROUPS]
 *
 * Prints one line of JSON: lines and groups in a second. */
#include "client.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Behind so many lines; counts them. */
static const char *group_end(const char *at, const char *end, unsigned long lines,
                             unsigned long *count)
{
    while (at < end && lines-- > 0) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline != NULL ? newline + 1 : end;
        (*count)++;
    }
    return at;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        client_fail("FROM TO LINES_PER_GROUP [GROUPS]");
    unsigned long per_group = strtoul(argv[3], NULL, 10), groups = 0, lines = 0;
    unsigned long most = argc > 4 ? strtoul(argv[4], NULL, 10) : (unsigned long)-1;
    struct span file = client_file(argv[1]);
    const char *at = file.data, *end = at + file.len;
    int to = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (to < 0 || per_group == 0)
        client_fail("the other file cannot be written");
    double began = client_seconds();
    for (; at < end && groups < most; groups++) {
        const char *next = group_end(at, end, per_group, &lines);
        while (at < next) {
            ssize_t written = write(to, at, (size_t)(next - at));
            if (written <= 0)
                client_fail("a write failed");
            at += written;
        }
        if (fdatasync(to) != 0)
            client_fail("fdatasync failed");
    }
    double took = client_seconds() - began;
    close(to);
    printf("{\"lines\": %lu, \"groups\": %lu, \"lines_per_s\": %.0f, \"groups_per_s\": %.1f, "
           "\"seconds\": %.3f}\n",
           lines, groups, (double)lines / took, (double)groups / took, took);
    return 0;
}
