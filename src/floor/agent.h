/* Agents: their facts, their statuses and whether they are there, at any instant. */
#ifndef LIVEFLOOR_FLOOR_AGENT_H
#define LIVEFLOOR_FLOOR_AGENT_H

#include "floor/state.h"

void agent_init(struct agent *a);
void agent_clear(struct agent *a);

/* The facts in force at t, NULL before the first agent.updated (and deletion). */
const struct agent_version *agent_version_at(const struct agent *a, int64_t t);

/* Deleted, and not back, at t? */
bool agent_deleted_at(const struct agent *a, int64_t t);

/* The first deletion after t, or INT64_MAX. */
int64_t agent_next_deletion(const struct agent *a, int64_t t);

/* When something but an agent.updated first named it: a status or a chat it joined;
 * INT64_MAX when nothing did. */
int64_t agent_first_named(const struct agent *a);

/* When the life began to which these facts belong (NULL: those before any), or which a
 * deletion ended; INT64_MAX when it never did. */
int64_t agent_life_began(const struct agent *a, const struct agent_version *v);

/* Does it exist at t, and is not deleted (metrics.md §4, "Who is where")? */
bool agent_exists_at(const struct agent *a, int64_t t);

/* The number of its status at t. */
uint32_t agent_status_at(const struct agent *a, int64_t t);

/* Takes an agent.updated or agent.deleted. */
void agent_take_directory(struct floor *f, uint32_t number, const struct event *e);

/* Takes an agent.statusChanged. */
void agent_take_status(struct floor *f, uint32_t number, const struct event *e);

/* Builds the versions anew after something that decides them has changed, with all
 * that follows from a changed deletion. `from_us`: nothing changes before. */
void agent_refresh(struct floor *f, uint32_t number, int64_t from_us);

/* Directory events and statuses of this agent that changed nothing. */
uint64_t agent_anomalies(const struct agent *a);

#endif
