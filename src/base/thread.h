/* What the system should know of a thread. */
#ifndef LIVEFLOOR_BASE_THREAD_H
#define LIVEFLOOR_BASE_THREAD_H

/* The calling thread works for some ten microseconds at a time and somebody waits for it:
 * asks the scheduler for short turns, which begin soon after it wakes up, instead of long
 * ones later. It gets no larger a share of the processor. Needs no privilege and a kernel from 6.12
 * on; older ones and other policies change nothing. */
void thread_wants_short_turns(void);

/* Says that somebody asks and waits for an answer; from any thread, short. */
void thread_asked(void);

/* For work that takes long, every some ten microseconds and with no lock held: who waits for this
 * core has it first, when somebody has asked within the last seconds. Else it does nothing: the
 * changes of threads cost long work about a tenth of its time. */
void thread_let_others(void);

#endif
