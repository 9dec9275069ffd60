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

/* The calling thread works long, and for many: asks the scheduler for turns of which little is lost
 * when they end early. */
void thread_works_long(void);

/* For such a thread, every some ten microseconds and with no lock held: ends its turn when that has
 * lasted a little, and somebody has asked within the last seconds. Who waits for this core has it
 * then. Else it does nothing. With long turns it would cost nearly all of the core where others
 * always have work: the scheduler counts a turn that is given up as whole. */
void thread_let_others(void);

#endif
