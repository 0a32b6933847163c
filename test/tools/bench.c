/*
 * bench.c - the processes that bench.sh runs beside writer and reader.
 *
 *	bench use set segment|own	fill and sum 200 MB in one process
 *	bench fill|sum set segment	the same in two, by a segment of 1 MB
 *	bench fill|sum set fifo		the same by a FIFO, which is a pipe
 *	bench put|take set segment	the textbook's writer and reader
 *
 * The set has two semaphores of value 0.  In each turn one process produces,
 * and then it sleeps until the other one has consumed.
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRODUCED, CONSUMED };
enum { WORDS = (1 << 20) / sizeof(uint64_t), TURNS = 200 };

static uint64_t own[WORDS];
static void *memory = own; /* or the segment */
static FILE *fifo;	   /* or NULL */
static uint64_t turn;	   /* from 1 */

/* Do what belongs to a turn.  Return false if it is the last one. */

static bool
fill(void)
{
	uint64_t *words = memory;

	for (int i = 0; i < WORDS; i++)
		words[i] = turn;
	if (fifo != NULL && fwrite(own, sizeof(own), 1, fifo) != 1)
		err(1, "write");
	return turn < TURNS;
}

static bool
sum(void)
{
	const uint64_t *words = memory;
	uint64_t total = 0;

	if (fifo != NULL && fread(own, sizeof(own), 1, fifo) != 1)
		err(1, "read");
	for (int i = 0; i < WORDS; i++)
		total += words[i];
	if (total != WORDS * turn)
		errx(1, "these are not the words");
	return turn < TURNS;
}

static bool
put(void)
{
	struct segment *shmaddr = memory;
	const size_t five_lines = 5 * 43; /* so many fit, as writer finds */
	const ssize_t got = read(STDIN_FILENO, shmaddr->text, five_lines);

	if (got == -1)
		err(1, "read");
	shmaddr->length = (uint32_t)got;
	return got > 0;
}

static bool
take(void)
{
	const struct segment *shmaddr = memory;

	if (write(STDOUT_FILENO, shmaddr->text, shmaddr->length) == -1)
		err(1, "write");
	return shmaddr->length > 0;
}

static void
change(int semid, int index, short by)
{
	struct sembuf op = {(unsigned short)index, by, 0};
	if (semop(semid, &op, 1) == -1)
		err(1, "semop");
}

static const struct part {
	const char *name;
	bool (*produce)(void), (*consume)(void);
} parts[] = {
    {"use", fill, sum}, {"fill", fill, NULL}, {"sum", NULL, sum},
    {"put", put, NULL}, {"take", NULL, take}, {NULL, NULL, NULL},
};

int
main(int argc, char *argv[])
{
	const struct part *part = parts;
	bool more = true;

	while (argc == 4 && part->name != NULL && strcmp(part->name, argv[1]))
		part++;
	if (argc != 4 || part->name == NULL)
		errx(2, "make bench starts it");
	const bool produces = part->produce != NULL;
	const bool consumes = part->consume != NULL;
	const int semid = atoi(argv[2]);
	if (isdigit(*argv[3]))
		memory = shmat(atoi(argv[3]), NULL, 0);
	else if (strcmp(argv[3], "own") != 0)
		fifo = fopen(argv[3], produces ? "w" : "r");
	while (more) {
		turn++;
		if (produces)
			more = part->produce();
		if (produces != consumes && fifo == NULL)
			change(semid, PRODUCED, produces ? +1 : -1);
		if (consumes)
			more = part->consume();
		if (produces != consumes)
			change(semid, CONSUMED, consumes ? +1 : -1);
	}
	return EXIT_SUCCESS;
}
