/* How long an agent was in each of its statuses before any instant (metrics.md §7): its changes of
 * status, and sums at every sixteenth of them (docs/decisions/0024). */
#ifndef LIVEFLOOR_FLOOR_STATUS_TIMES_H
#define LIVEFLOOR_FLOOR_STATUS_TIMES_H

#include "floor/state.h"

/* A question about one agent and instant. */
struct status_ask {
    const struct agent *agent;
    int64_t time_us;
    int64_t *us;     /* out: µs in each of agent->statuses before time_us */
    uint32_t status; /* out: the number of the one in force at time_us */
};

/* Answers several questions at once, so that their waits for memory overlap. What is before an
 * agent's first change, when it is offline, is in none of its statuses. */
void status_times_before(struct status_ask *asks, size_t n);

/* The µs before an instant that an agent was in any status but those of the kind offline. */
int64_t status_times_logged_in(const struct floor *f, const struct agent *a, int64_t time_us);

/* Where a status is among those that an agent ever was in; it may become one of them. */
uint32_t status_times_own(struct agent *a, uint32_t status);

/* To be called when marks or versions of an agent, from an instant on, have changed. */
void status_times_changed(struct agent *a, int64_t from_us);

void status_times_clear(struct agent *a);

#endif
