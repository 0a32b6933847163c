/* check_client.c - client.pl, in another language, takes turns with ours. */
#define _GNU_SOURCE

#include "support.h"

#define HAS_PERL system("perl -MIPC::SysV -e 1 2>&-") == 0, "no perl IPC::SysV"

CASE("A client in Perl", "written from README alone")

/* Where it copies in, or prints, it kills itself: it is inside then. */
static void
die_inside(const char *in, const char *const arguments[])
{
	const char *module =
	    "*{\"CORE::GLOBAL::$_\"} = sub (*;@) { kill 9, $$ }"
	    "for qw(shmwrite syswrite); 1";

	write_file("Killed.pm", module, strlen(module));
	setenv("PERL5LIB", directory, true);
	setenv("PERL5OPT", "-MKilled", true);
	expect_signal(start("test/client.pl", in, "out", NULL, arguments), 9);
	unsetenv("PERL5OPT");
}

/* It reads from our writer, or writes for our reader, or does both. */
TEST_IF(a_client_from_readme_alone_takes_turns_with_ours, 3, HAS_PERL)
{
	const char *client = "test/client.pl", *w[] = {"-w", directory, NULL};
	char lines[3000 * 5 + 1];

	for (int i = 0; i < 3000; i++)
		sprintf(lines + 5 * i, "%4d\n", i);
	write_file("in", lines, strlen(lines));
	if (_i != 0)
		die_inside("in", w); /* its text is not there */
	pid_t writer =
	    _i != 0 ? start(client, "in", NULL, "-", w) : start_writer("in");
	eventually(unread());
	if (_i != 1)
		die_inside(NULL, NULL); /* the text still is */
	expect_both_end(writer, _i == 1
				    ? start_reader("out")
				    : start(client, NULL, "out", "-", NULL));
	ck_assert_same_file("in", "out");
}
