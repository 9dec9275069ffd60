/* What a read costs that waits for the one before it, over so much memory: the part of an answer's
 * time that the machine decides. Each read takes another line of the cache, in an order that has
 * no pattern, and says where the next one is.
 *
 *   chase
 *
 * For each line "BYTES READS" on standard input, prints the time of one read in nanoseconds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LINE 64u
#define BYTES_MAX (1ul << 32)

struct line {
    struct line *next;
    char rest[LINE - sizeof(struct line *)];
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A number below n, from a fixed seed. */
static uint64_t dice(uint64_t n)
{
    static uint64_t seed = 1;
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 11) % n;
}

/* Links all lines into one ring (Sattolo's shuffle). */
static void link_lines(struct line *lines, uint64_t *order, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        order[i] = i;
    for (uint64_t i = count - 1; i > 0; i--) {
        uint64_t other = dice(i), swap = order[i];
        order[i] = order[other];
        order[other] = swap;
    }
    for (uint64_t i = 0; i < count; i++)
        lines[order[i]].next = &lines[order[(i + 1) % count]];
}

static double chase(struct line *at, unsigned long reads)
{
    double began = seconds();
    for (unsigned long i = 0; i < reads; i++)
        at = at->next;
    double took = seconds() - began;
    if (at == NULL) /* never: the reads have a use */
        exit(1);
    return took * 1e9 / (double)reads;
}

int main(void)
{
    char text[64];
    unsigned long bytes, reads;
    while (fgets(text, sizeof text, stdin) != NULL) {
        if (sscanf(text, "%lu %lu", &bytes, &reads) != 2 || bytes < 2 * LINE || bytes > BYTES_MAX ||
            reads == 0) {
            fprintf(stderr, "usage: lines of BYTES READS\n");
            return 2;
        }
        uint64_t count = bytes / LINE;
        struct line *lines = aligned_alloc(LINE, count * sizeof *lines);
        uint64_t *order = malloc(count * sizeof *order);
        if (lines == NULL || order == NULL)
            return 1;
        link_lines(lines, order, count);
        free(order);
        chase(lines, count < reads ? count : reads); /* into the caches, as far as they go */
        printf("%.2f\n", chase(lines, reads));
        fflush(stdout);
        free(lines);
    }
    return 0;
}
