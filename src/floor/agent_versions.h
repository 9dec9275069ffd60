/* Turns an agent's directory events into its facts over time. */
#ifndef LIVEFLOOR_FLOOR_AGENT_VERSIONS_H
#define LIVEFLOOR_FLOOR_AGENT_VERSIONS_H

#include "floor/state.h"

/* One version for each event of the agent's log that has an effect, in order. The
 * caller owns the array (agent_versions_free). */
struct agent_version *agent_versions_build(struct floor *f, uint32_t number, size_t *count);

void agent_versions_free(struct agent_version *versions, size_t count);

#endif
