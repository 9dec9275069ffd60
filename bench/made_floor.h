/* A made floor for the benchmarks: agents who change their status, 10 departments, about
 * 18 events a chat at instants of whole milliseconds, the same ones on each run. */
#ifndef LIVEFLOOR_BENCH_MADE_FLOOR_H
#define LIVEFLOOR_BENCH_MADE_FLOOR_H

#include "event/event.h"

#include <stddef.h>
#include <stdint.h>

#define MADE_DEPARTMENTS 10u

enum made_kind { MADE_CHAT = 1, MADE_VISITOR, MADE_AGENT, MADE_DEPARTMENT, MADE_EVENT };

/* A number below n, from a fixed seed. */
uint64_t made_dice(uint64_t n);

/* A GUID without any pattern that packing could use. */
struct guid made_guid(enum made_kind kind, uint64_t number);

/* One event in few bytes: tens of millions are held at once. */
struct made_event {
    int64_t time_us;
    uint32_t chat, visitor;
    uint16_t agent;
    uint8_t type;       /* enum event_type */
    uint8_t department; /* of a request */
    uint8_t detail;     /* a sender, a score or an enum status_kind */
    bool late;          /* it arrives an hour after its time */
};

struct made {
    struct made_event *items; /* in the order of arrival */
    size_t count, cap;
};

struct made_plan {
    uint64_t chats;
    uint64_t first;            /* the number of the first one: other numbers, other ids */
    uint64_t agents;           /* at most 65,536; each changes its status about twice an hour */
    uint64_t late_percent;     /* so many of the events are late */
    bool open;                 /* the chats are accepted and go on: 6 events each */
    int64_t start_us, span_us; /* the chats begin evenly over it */
};

/* Makes the events of a plan; the caller frees m->items. */
void made_events(struct made *m, const struct made_plan *plan);

/* The whole event, but for its id. */
void made_expand(const struct made_event *from, struct event *out);

/* What says that an agent exists, at the start: agent.updated; `departments` is written. */
void made_agent(uint64_t number, int64_t time_us, struct guid departments[2], struct event *out);

#endif
