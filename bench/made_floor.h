/* A made floor for the benchmarks: 100 agents, 10 departments, about 18 events a chat,
 * the same ones on each run. */
#ifndef LIVEFLOOR_BENCH_MADE_FLOOR_H
#define LIVEFLOOR_BENCH_MADE_FLOOR_H

#include "event/event.h"

#include <stddef.h>
#include <stdint.h>

#define MADE_AGENTS 100u
#define MADE_DEPARTMENTS 10u

enum made_kind { MADE_CHAT = 1, MADE_VISITOR, MADE_AGENT, MADE_DEPARTMENT, MADE_EVENT = 9 };

/* A number below n, from a fixed seed. */
uint64_t made_dice(uint64_t n);

struct guid made_guid(enum made_kind kind, uint64_t number);

struct made_event {
    int64_t arrival_us;
    struct event event;
};

struct made {
    struct made_event *items;
    size_t count, cap;
};

/* Adds the events of `chats` chats spread evenly over [start, start + span), not in
 * order; late_percent of them arrive an hour after their time. Sorted by arrival in
 * *order (freed by the caller). */
void made_chats(struct made *m, uint64_t chats, int64_t start_us, int64_t span_us,
                uint64_t late_percent, size_t **order);

#endif
