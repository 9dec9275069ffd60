/* What a read of memory costs, over so much of it: the part of an answer's time that the machine
 * decides. Each read takes another line of the cache, in an order that has no pattern, and says
 * where the next one is; a single row of reads, each of which waits for the one before it, and many
 * rows side by side, of which a core has only so many on their way.
 *
 *   chase
 *
 * For each line "BYTES READS" on standard input, prints the time of one read in nanoseconds, alone
 * and side by side. */
#include "made_floor.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LINE 64u
#define BYTES_MAX (1ul << 32)
#define ROWS 64u

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

/* Links all lines into one ring (Sattolo's shuffle). */
static void link_lines(struct line *lines, uint64_t *order, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        order[i] = i;
    for (uint64_t i = count - 1; i > 0; i--) {
        uint64_t other = made_dice(i), swap = order[i];
        order[i] = order[other];
        order[other] = swap;
    }
    for (uint64_t i = 0; i < count; i++)
        lines[order[i]].next = &lines[order[(i + 1) % count]];
}

/* Goes on from each of some lines, `reads` times in all. */
static double chase(struct line *const *from, unsigned rows, unsigned long reads)
{
    struct line *at[ROWS];
    for (unsigned r = 0; r < rows; r++)
        at[r] = from[r];
    double began = seconds();
    for (unsigned long i = 0; i < reads; i += rows)
        for (unsigned r = 0; r < rows; r++)
            at[r] = at[r]->next;
    double took = seconds() - began;
    for (unsigned r = 0; r < rows; r++)
        if (at[r] == NULL) /* never: the reads have a use */
            exit(1);
    return took * 1e9 / (double)reads;
}

int main(void)
{
    char text[64];
    unsigned long bytes, reads;
    while (fgets(text, sizeof text, stdin) != NULL) {
        if (sscanf(text, "%lu %lu", &bytes, &reads) != 2 || bytes < ROWS * LINE ||
            bytes > BYTES_MAX || reads == 0) {
            fprintf(stderr, "usage: lines of BYTES READS\n");
            return 2;
        }
        uint64_t count = bytes / LINE;
        struct line *lines = aligned_alloc(LINE, count * sizeof *lines);
        uint64_t *order = malloc(count * sizeof *order);
        if (lines == NULL || order == NULL)
            return 1;
        link_lines(lines, order, count);
        struct line *from[ROWS];
        for (unsigned r = 0; r < ROWS; r++)
            from[r] = &lines[order[count / ROWS * r]];
        free(order);
        chase(from, 1, count < reads ? count : reads); /* into the caches, as far as they go */
        double alone = chase(from, 1, reads);
        printf("%.2f %.2f\n", alone, chase(from, ROWS, reads));
        fflush(stdout);
        free(lines);
    }
    return 0;
}
