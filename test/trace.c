/* trace.c - see trace.h. */
#define _GNU_SOURCE

#include "trace.h"
#include "support.h"

#include <elf.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/uio.h>

/* The kernel's own: when the signal has been handled, do the call again. */
enum { ERESTARTNOINTR = 513 };

const char *const call_names[] = {"chdir",  "semget", "semop",	"semctl",
				  "shmget", "shmat",  "shmctl", "shmdt",
				  "read",   "write",  "exit"};

/* ipc(2) is one call for all of System V; seen as the call that it does. */
enum { IPC = EXIT + 1 };

/* Each machine has its own numbers, and lacks some of these calls. */
enum { NONE = -1 };
static const struct {
	unsigned call;
	int numbers[2]; /* [1]: i386's, for its programs under 64-bit tests */
} calls[] = {
#ifdef SYS_ipc
    {IPC, {SYS_ipc, NONE}},
#endif
#ifdef SYS_semop
    {SEMOP, {SYS_semop, 420}},
#endif
#ifdef SYS_semtimedop
    {SEMOP, {SYS_semtimedop, NONE}},
#endif
#ifdef SYS_semtimedop_time64 /* a machine of 32 bits */
    {SEMOP, {SYS_semtimedop_time64, NONE}},
#endif
    {IPC, {NONE, 117}},
    {CHDIR, {SYS_chdir, 12}},
    {SEMGET, {SYS_semget, 393}},
    {SEMCTL, {SYS_semctl, 394}},
    {SHMGET, {SYS_shmget, 395}},
    {SHMAT, {SYS_shmat, 397}},
    {SHMCTL, {SYS_shmctl, 396}},
    {SHMDT, {SYS_shmdt, 398}},
    {READ, {SYS_read, 3}},
    {WRITE, {SYS_write, 4}},
    {WRITE, {SYS_writev, 146}},
    {EXIT, {SYS_exit_group, 252}},
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]), TESTS = 2 * CALLS };

/*
 * A machine's registers, as PTRACE_GETREGSET gives them: the size of all and of
 * one; which of them hold a call's number, its third argument and its result.
 */
enum place { NUMBER, THIRD, RESULT };
static const struct {
	size_t all, one;
	unsigned at[3];
} machines[] = {
#if defined(__x86_64__) || defined(__i386__)
    {27 * 8, 8, {15, 12, 10}}, /* orig_rax, rdx, rax */
    {17 * 4, 4, {11, 2, 6}},   /* orig_eax, edx, eax */
#elif defined(__aarch64__)
    {34 * 8, 8, {0, 2, 0}},
#elif defined(__arm__)
    {18 * 4, 4, {0, 2, 0}},
#elif defined(__riscv) && __riscv_xlen == 64
    {32 * 8, 8, {17, 12, 10}}, /* a7, a2, a0 */
#elif defined(__s390x__)
    {27 * 8, 8, {4, 6, 4}}, /* two words of psw, then r0 */
#endif
    {0, 0, {0, 0, 0}}};

/* Ask the kernel to stop this process at calls with these numbers. */
static void
stop_at_calls(void)
{
	struct sock_filter code[TESTS + 3] = {BPF_STMT(
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	const struct sock_fprog filter = {TESTS + 3, code};

	for (unsigned char i = 0; i < TESTS; i++) /* jump to the last one */
		code[1 + i] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K,
		    (unsigned)calls[i / 2].numbers[i % 2],
		    (unsigned char)(TESTS - i), 0);
	code[TESTS + 1] =
	    (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[TESTS + 2] =
	    (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == -1)
		_exit(125);
}

bool
may_trace(void)
{
	int status = 1;
	const pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			_exit(125);
		stop_at_calls();
		syscall(SYS_exit, 0);
	}
	waitpid(pid, &status, 0);
	return status == 0;
}

struct traced
start_traced(const char *program, const char *path, const char *in,
	     const char *out, const char *error)
{
	const char *arguments[] = {path, NULL};

	setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* not under ptrace */
	fflush(NULL);
	struct traced t = {.pid = fork(), .state = AT_SIGNAL};
	if (t.pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		prepare_program(in, out, error);
		stop_at_calls();
		execute(program, arguments);
	}
	ck_assert_int_ne(t.pid, -1);
	ck_assert_int_eq(waitpid(t.pid, NULL, 0), t.pid);
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, t.pid, NULL,
				PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL |
				    PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP),
			 0);
	return t;
}

void
resume(struct traced *t)
{
	const enum __ptrace_request how =
	    t->state == BEFORE ? PTRACE_SYSCALL : PTRACE_CONT;

	ck_assert_int_eq(ptrace(how, t->pid, NULL, t->signo), 0);
	t->signo = 0;
	if (t->state == BEFORE)
		t->state = INSIDE;
}

bool
may_change(void)
{
	return machines[0].all > 0 && may_trace();
}

static void
set_register(const struct traced *t, enum place place, long long value)
{
	unsigned char bytes[512];
	struct iovec all = {bytes, sizeof(bytes)};
	void *const which = (void *)NT_PRSTATUS;
	int i = 0;

	ck_assert_int_eq(ptrace(PTRACE_GETREGSET, t->pid, which, &all), 0);
	while (machines[i].all != all.iov_len)
		ck_assert_uint_ne(machines[i++].all, 0);
	memcpy(bytes + machines[i].at[place] * machines[i].one, &value,
	       machines[i].one);
	ck_assert_int_eq(ptrace(PTRACE_SETREGSET, t->pid, which, &all), 0);
}

/* The call gets the number of none.  So the kernel leaves the result alone. */
void
answer(const struct traced *t, long long result)
{
#if defined(__arm__)
	ck_assert_int_eq(ptrace(PTRACE_SET_SYSCALL, t->pid, NULL, -1), 0);
#elif defined(__aarch64__)
	int none = -1;
	struct iovec number = {&none, sizeof(none)};
	ck_assert_int_eq(ptrace(PTRACE_SETREGSET, t->pid,
				(void *)NT_ARM_SYSTEM_CALL, &number),
			 0);
#else
	set_register(t, NUMBER, -1);
#endif
	set_register(t, RESULT, result);
}

void
change_third(struct traced *t, size_t value)
{
	set_register(t, THIRD, (long long)value);
	t->args[2] = value;
}

void
begin_again(const struct traced *t)
{
	ck_assert_int_eq(t->result, -EINTR);
	set_register(t, RESULT, -ERESTARTNOINTR);
}

/*
 * Read the operations of a semop(2).
 *
 * A turn's wait tries a few times before it sleeps.  How often depends on time,
 * and a failed try changes nothing.  So make the first try a sleep.
 */
static void
read_operations(struct traced *t)
{
	const struct iovec here = {t->ops,
				   (size_t)t->args[2] * sizeof(t->ops[0])};
	const struct iovec there = {(void *)(size_t)t->args[1], here.iov_len};

	ck_assert_uint_le(here.iov_len, sizeof(t->ops));
	process_vm_readv(t->pid, &here, 1, &there, 1, 0);
	if (t->args[2] != 3 || t->ops[0].sem_num != t->ops[1].sem_num ||
	    t->ops[0].sem_op != -1)
		return;
	for (int i = 0; i < 3; i++)
		t->ops[i].sem_flg &= ~IPC_NOWAIT;
	process_vm_writev(t->pid, &here, 1, &there, 1, 0);
}

/* It has stopped before a call.  Is it one of those that matter? */
static bool
is_before_call(struct traced *t, const struct __ptrace_syscall_info *info)
{
	static const enum call of_ipc[32] = {
	    [1] = SEMOP,  [2] = SEMGET, [3] = SEMCTL,  [4] = SEMOP,
	    [21] = SHMAT, [22] = SHMDT, [23] = SHMGET, [24] = SHMCTL};
	const bool i386 = info->arch == AUDIT_ARCH_I386 && sizeof(long) == 8;
	const uint64_t *args = info->seccomp.args;
	const int number = (int)info->seccomp.nr;
	int i = 0;

	while (i < CALLS && calls[i].numbers[i386] != number)
		i++;
	if (i == CALLS)
		return false;
	t->state = BEFORE;
	t->call = calls[i].call;
	memcpy(t->args, args, sizeof(t->args));
	if (calls[i].call == IPC) {
		/* ipc(call, first, second, third, pointer) */
		t->call = of_ipc[args[0] & 31];
		memcpy(t->args, args + 1, sizeof(t->args));
		if (t->call == SEMOP) {
			t->args[2] = args[2];
			t->args[1] = args[4];
		}
	}
	if (t->call == SEMOP)
		read_operations(t);
	return (t->call != READ || t->args[0] == STDIN_FILENO) &&
	       (t->call != WRITE || t->args[0] == STDOUT_FILENO);
}

/* Where has it stopped, or how has it ended?  False: nowhere that matters. */
static bool
has_stopped(struct traced *t, int status)
{
	struct __ptrace_syscall_info info;

	if (!WIFSTOPPED(status)) {
		t->state = DEAD;
		t->status = status;
		return true;
	}
	if ((WSTOPSIG(status) & ~0x80) != SIGTRAP) {
		t->state = AT_SIGNAL;
		t->signo = WSTOPSIG(status);
		return true;
	}
	ck_assert_int_gt(
	    ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info), &info), 0);
	if (info.op == PTRACE_SYSCALL_INFO_SECCOMP)
		return is_before_call(t, &info);
	if (info.op != PTRACE_SYSCALL_INFO_EXIT) /* execve(2) */
		return false;
	t->state = AFTER;
	t->result = info.exit.rval;
	return true;
}

bool
settle(struct traced *t)
{
	int status;

	for (const double until = now() + DEADLINE; now() < until;) {
		if (waitpid(t->pid, &status, WNOHANG | __WALL) == t->pid) {
			if (has_stopped(t, status))
				return true;
			ptrace(PTRACE_CONT, t->pid, NULL, NULL);
		} else if ((t->state == INSIDE || t->state == ASLEEP) &&
			   t->call == SEMOP && is_asleep(t->pid)) {
			t->state = ASLEEP;
			return true;
		}
		sched_yield();
	}
	return false;
}
