/* check_watch.c - watch shows a channel, and it makes and keeps nothing. */
#define _GNU_SOURCE

#include "support.h"

#include <arpa/inet.h>

#include <termios.h>

CASE("Watch", "a channel, from its beginning to its end")

/* For a second a change is reversed: then the terminal shows it plainly. */
static bool
shows_plainly(struct terminal *watch, const char *text)
{
	const size_t length = strlen(watch->text), frame = 4096;

	if (length > SCREEN / 2) { /* forget all but the last frame */
		memcpy(watch->text, watch->text + length - frame, frame);
		memset(watch->text + frame, 0, SCREEN - frame);
	}
	return shows(watch, text);
}

static bool
echoes(const struct terminal *watch)
{
	struct termios settings;
	ck_assert_int_eq(tcgetattr(watch->master, &settings), 0);
	return (settings.c_lflag & ECHO) != 0;
}

/*
 * A shell stays when watch has ended.  Else the kernel would hang the terminal
 * up, and drop what has not come through yet.
 */
static void
run_watch(const void *path)
{
	if (chdir(top) == 0)
		execl("/bin/sh", "sh", "-c",
		      "trap : INT TERM; test/tools/watch \"$0\"; "
		      "echo \"ended by $?\"; exec cat",
		      path, (char *)NULL);
}

/* The reader stays inside, and is the last to leave: it removes everything. */
TEST(two_channels_come_and_go_and_the_terminal_is_as_it_was)
{
	const char *slow[] = {"-s", "1000000", directory, NULL};
	struct terminal watch = terminal_for(run_watch, directory);
	struct shmid_ds status;
	char guard[64];

	for (int i = 0; i < 2; i++) {
		eventually(shows_plainly(&watch, "There is no segment."));
		ck_assert(!anything_left() && !echoes(&watch));
		memset(watch.text, 0, SCREEN); /* forget all */
		pid_t reader = start("reader", NULL, "out", "error", slow);
		pid_t writer = start_writer("|");
		ck_assert_int_eq(write(feed, "Hello\nyou\n", 10), 10);
		sprintf(guard, "GUARD       0      0        %d rea", reader);
		eventually(shows_plainly(&watch, guard));
		eventually(shows_plainly(&watch, "\nNEWS        1      0 "));
		eventually(shows_plainly(
		    &watch, htonl(1) == 1 ? "\n  0  00 00 00 0a  48"
					  : "\n  0  0a 00 00 00  48"));
		eventually(shows_plainly(&watch, "     Hello.you."));
		memset(watch.text, 0, SCREEN);
		const int shmid = segment_of(directory);
		close(feed);
		expect_exit(writer, 0);
		expect_end_by(reader, SIGTERM);
		ck_assert(!anything_left());
		eventually(shmctl(shmid, IPC_STAT, &status) == -1);
	}
	eventually(shows_plainly(&watch, "There is no set."));
	type(&watch, "\3");
	eventually(shows_plainly(&watch, "ended by 0\n"));
	ck_assert(!shows(&watch, "^C") && echoes(&watch));
	const char *end = strrchr(watch.text, 'J'); /* of the last frame */
	ck_assert_str_eq(end, "J\033[0m\033[?25h\033[?1049lended by 0\n");
}

/* Of what is not ours nothing is shown: here the mode is another one. */
TEST(neither_a_foreign_channel_nor_a_file_is_used)
{
	const char *program = "test/tools/watch", *none[] = {"/none", NULL};
	struct terminal watch = terminal_for(run_watch, directory);
	struct shmid_ds status;

	leave_text("kept\n");
	eventually(shows_plainly(&watch, "     kept. "));
	const int shmid = segment_of(directory);
	remove_set(semaphore_set());
	shmctl(shmid, IPC_STAT, &status);
	status.shm_perm.mode = 0666;
	shmctl(shmid, IPC_SET, &status);
	const int semid = createsem(directory, 's', 1, 0);
	memset(watch.text, 0, SCREEN); /* forget all */
	eventually(shows_plainly(&watch, "program has a set with our key."));
	eventually(shows_plainly(&watch, "has a segment with our key."));
	remove_set(semid);
	remove_segment(shmid);
	kill(-watch.pid, SIGTERM);
	eventually(shows_plainly(&watch, "ended by 143\n"));
	expect_exit(start(program, NULL, "out", "error", NULL), 2);
	expect_file("error", "watch: standard output is not a terminal\n");
	expect_exit(start(program, NULL, "out", "none", none), 1);
	expect_file("none", "watch: %s: No such file or directory\n", *none);
}
