/* Departments: their facts and whether they are there, at any instant. */
#ifndef LIVEFLOOR_FLOOR_DEPARTMENT_H
#define LIVEFLOOR_FLOOR_DEPARTMENT_H

#include "floor/state.h"

void department_init(struct department *d);
void department_clear(struct department *d);

/* The facts in force at t, NULL before the first department.updated (and deletion). */
const struct department_version *department_version_at(const struct department *d, int64_t t);

/* When a request or a transfer first named it; INT64_MAX when none did. */
int64_t department_first_named(const struct department *d);

/* Does it exist, and is not deleted, at t (metrics.md §4, "Who is where")? */
bool department_exists_at(const struct department *d, int64_t t);

/* Takes a department.updated or department.deleted. */
void department_take_directory(struct floor *f, uint32_t number, const struct event *e);

/* Builds the versions anew after something that decides them has changed. */
void department_refresh(struct department *d);

/* Directory events of this department that changed nothing. */
uint64_t department_anomalies(const struct department *d);

#endif
