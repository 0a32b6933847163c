/*
 * trace.h - a program under ptrace(2).  It stops before and after the system
 * calls that matter, and seccomp(2) lets it run through all others.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <sys/sem.h>
#include <sys/types.h>

enum call {
	CHDIR,
	SEMGET,
	SEMOP,
	SEMCTL,
	SHMGET,
	SHMAT,
	SHMCTL,
	SHMDT,
	READ,  /* of standard input */
	WRITE, /* to standard output */
	EXIT
};
extern const char *const call_names[];

enum state { UNBORN, BEFORE, INSIDE, AFTER, AT_SIGNAL, ASLEEP, DEAD };

struct traced {
	pid_t pid;
	enum state state;
	enum call call; /* the last one, or the present one */
	unsigned long long args[3];
	struct sembuf ops[5]; /* of a semop(2) */
	long long result;     /* of the call; or -errno */
	int signo;	      /* it is about to receive this signal; or 0 */
	int status;	      /* DEAD: waitpid(2)'s */
};

/* May this process trace others, and stop them at these calls? */
bool may_trace(void);
#define MAY_TRACE may_trace(), "needs ptrace(2) and seccomp(2)"

/* Start a program.  It has stopped before its first instruction. */
struct traced start_traced(const char *program, const char *path,
			   const char *in, const char *out, const char *error);

/* Let it go on, and receive the signal that it has stopped at. */
void resume(struct traced *t);

/*
 * These three change a call in the machine's registers.  trace.c knows x86
 * (also a program of 32 bits under tests of 64), arm, arm64, riscv64 and s390x.
 */
bool may_change(void);
#define MAY_CHANGE may_change(), "needs MAY_TRACE and a machine trace.c knows"

/* BEFORE: the call will not be done.  It returns this, or -errno. */
void answer(const struct traced *t, long long result);
/* BEFORE: its third argument becomes this. */
void change_third(struct traced *t, size_t value);
/*
 * AFTER a call that a signal has interrupted: the kernel will run the signal's
 * handler, and then do the call.  So the signal seems to have come just before.
 */
void begin_again(const struct traced *t);

/*
 * Wait until it has stopped, has ended, or sleeps in a semop(2); its state says
 * which.  Returns false after the deadline.
 */
bool settle(struct traced *t);

#endif
