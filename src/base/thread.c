#include "base/thread.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The default is some milliseconds. The shortest there is: shorter than those of who works long, or
 * a thread that wakes up would not take their place. */
#define SHORT_TURN_NS 100000u
/* Of those who work long: what they give up at most when they end a turn early. */
#define LONG_WORK_TURN_NS 200000u
/* After so much of a turn it may be ended. */
#define TURN_MIN_NS 10000

/* The first version of what the system call takes; the C library of Debian 12 has none. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

static void want_turns_of(uint64_t ns)
{
    struct attributes a = {0};
    if (syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) != 0 || a.policy != SCHED_OTHER)
        return;
    a.runtime_ns = ns;
    syscall(SYS_sched_setattr, 0, &a, 0);
}

void thread_wants_short_turns(void)
{
    want_turns_of(SHORT_TURN_NS);
}

void thread_works_long(void)
{
    want_turns_of(LONG_WORK_TURN_NS);
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

/* When this thread last gave its core up. */
static _Thread_local int64_t turn_began_ns;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void thread_let_others(void)
{
    if (coarse_s() >= atomic_load_explicit(&asked_until, memory_order_relaxed) ||
        now_ns() - turn_began_ns < TURN_MIN_NS)
        return;
    sched_yield();
    turn_began_ns = now_ns();
}
