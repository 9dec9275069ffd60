/* What agents and departments are called at an instant, and their whole objects. */
#ifndef LIVEFLOOR_ANSWER_NAMES_H
#define LIVEFLOOR_ANSWER_NAMES_H

#include "answer/answer.h"
#include "floor/state.h"

/* The display name in force at t; the GUID's text when it has none. -1: no memory. */
int name_of_agent(const struct floor *f, uint32_t agent, int64_t t, struct arena *arena,
                  struct span *out);

/* The same of a department. */
int name_of_department(const struct floor *f, uint32_t department, int64_t t, struct arena *arena,
                       struct span *out);

/* All that the vendor's page shows of them. -1: no memory. */
int view_of_agent(const struct floor *f, uint32_t agent, int64_t t, struct arena *arena,
                  struct agent_view *out);
int view_of_department(const struct floor *f, uint32_t department, int64_t t, struct arena *arena,
                       struct department_view *out);

#endif
