#include "base/thread.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The default is some milliseconds. With less, reading a body of some hundred KiB would
 * be cut into several turns. */
#define SHORT_TURN_NS 300000u

/* The first version of what the system call takes; the C library of Debian 12 has none. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

void thread_wants_short_turns(void)
{
    struct attributes a = {0};
    if (syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) != 0 || a.policy != SCHED_OTHER)
        return;
    a.runtime_ns = SHORT_TURN_NS;
    syscall(SYS_sched_setattr, 0, &a, 0);
}

/* A wallboard that asks every some seconds is always waited upon. */
#define ASKED_FOR_S 5

/* Until this second of the coarse clock. Written once a second at most, so that reading it costs
 * the other cores nothing. */
static _Atomic int64_t asked_until;

static int64_t coarse_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec;
}

void thread_asked(void)
{
    int64_t until = coarse_s() + ASKED_FOR_S;
    if (atomic_load_explicit(&asked_until, memory_order_relaxed) != until)
        atomic_store_explicit(&asked_until, until, memory_order_relaxed);
}

void thread_let_others(void)
{
    if (coarse_s() < atomic_load_explicit(&asked_until, memory_order_relaxed))
        sched_yield();
}
