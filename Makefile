# Targets: see `make help'.  CC and CFLAGS may be given on the command line.
CC = cc
CFLAGS = -O2 -g
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wstrict-prototypes -Wmissing-prototypes
COMPILE = $(CC) -std=c11 $(WARNINGS) $(CFLAGS)

SUITES = $(patsubst %.c,%.o,$(wildcard test/check*.c)) \
	test/support.o test/trace.o
PRINTED = test/printed/writer test/printed/reader
PAPER = test/halfway/paper-writer test/halfway/paper-reader
HALFWAY = test/halfway/writer test/halfway/reader
PRELOADED = test/printed/quick.so test/lies.so
TOOLS = test/tools/bench test/tools/watch test/tools/picture
SOURCES = $(wildcard *.[ch] $(addsuffix /*.[ch],test test/tools test/printed \
	test/halfway))

all: writer reader ## build both programs (the default)

writer reader $(HALFWAY): %: %.o sharemem.o
	$(COMPILE) -o $@ $^ $(LDFLAGS)

test/check: $(SUITES) sharemem.o | $(PRINTED) $(PAPER) $(HALFWAY) \
	$(PRELOADED) test/tools/watch
	$(COMPILE) -o $@ $^ `pkg-config --libs check` -lutil $(LDFLAGS)

# The paper's pair, as it is printed: no warning is wanted here.
printed: $(PRINTED) ## build the paper's programs, to see them go wrong

$(PRINTED): %: %.c test/printed/sharemem.h
	$(CC) -std=gnu11 -w -Itest/printed -o $@ $<

# Between the paper's pair and ours: its mains with our helpers, unchanged; and
# changed where they must be.
halfway: $(PAPER) $(HALFWAY) ## build the two rungs between that pair and ours

$(PAPER): test/halfway/paper-%: test/printed/%.c sharemem.c sharemem.h
	$(CC) -std=gnu11 -w -I. -include stdio.h -include unistd.h -o $@ \
		$< sharemem.c

exercise: ## is exercise N of README solved?  (N=1 OF=directory)
	@sh test/tools/exercise.sh '$(N)' $(if $(OF),'$(OF)')

test/printed/quick.so: test/printed/quick.c
	$(CC) -shared -fPIC -o $@ $<

# Without a C library: the program that loads it has one, perhaps another.
test/lies.so: test/lies.c
	$(CC) $(filter -m%,$(CFLAGS)) -shared -fPIC -nostdlib -o $@ $<

# All that links without a library of Check's, for another machine: ports.sh.
objects: all $(SUITES) $(TOOLS:=.o) $(PRINTED) $(PAPER) $(HALFWAY) $(PRELOADED)

test/tools/picture: test/tools/picture.o test/support.o test/trace.o \
	| all printed test/printed/quick.so
	$(COMPILE) -o $@ $^ `pkg-config --libs check` -lutil $(LDFLAGS)

test/tools/bench test/tools/watch: %: %.o sharemem.o
	$(COMPILE) -o $@ $^ -lrt $(LDFLAGS)

%.o: %.c .flags
	$(COMPILE) -I. -MMD -MP -c -o $@ $<

-include $(wildcard *.d test/*.d test/tools/*.d test/halfway/*.d)

# Changes when the compiler or its flags do, so that everything is built anew.
.flags: always
	@echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' > $@ || \
	{ echo "make: no file can be written in $(CURDIR): build in a copy" \
	"of it that is yours"; exit 1; } >&2

check: all have-check ## build and run the tests
	@$(MAKE) --no-print-directory test/check
	test/check

# `make deps check' installs first, with -j too.
have-check: $(filter deps,$(MAKECMDGOALS))
	@pkg-config --exists check || { echo "make: the tests need Check:" \
	"type 'make deps'"; exit 1; } >&2

deps: ## install what the tests need (Debian, Fedora, Arch, Alpine)
	@sh test/tools/deps.sh

documents: all have-check ## the documents' statements, each with its tests
	@$(MAKE) --no-print-directory test/check
	@sh test/tools/documents.sh

demo: all ## see the programs do their job, in ten seconds
	@sh test/tools/demo.sh

watch: test/tools/watch ## a third terminal: look at semaphores and segment
	@test/tools/watch

picture: have-check ## draw both pairs at work, call by call (SEED=n)
	@$(MAKE) --no-print-directory test/tools/picture
	@CK_RUN_SUITE=Picture test/tools/picture
	@echo test/tools/picture.svg

model: ## check the protocol's model with SPIN
	@sh test/tools/model.sh

bench: all test/tools/bench ## measure: is shared memory the fastest? (half a minute)
	@sh test/tools/bench.sh

mutants: all have-check ## break the sources on purpose: a test must fail
	@$(MAKE) --no-print-directory test/check
	@sh test/tools/mutants.sh

ports: all ## compile for other machines, and run the pair there
	@sh test/tools/ports.sh

coverage: have-check ## which lines the tests run
	@sh test/tools/coverage.sh

lint: ## cppcheck, clang-tidy, and the sources' layout
	cppcheck --quiet --enable=warning,style,performance,portability \
		--suppress=missingIncludeSystem --error-exitcode=1 --std=c11 *.c
	clang-tidy --quiet *.c -- -std=c11 -I.
	clang-format --dry-run -Werror $(SOURCES)

format: ## lay the sources out as .clang-format says
	clang-format -i $(SOURCES)

clean: ## remove what make has built
	rm -f writer reader test/check $(TOOLS) test/tools/picture.svg .flags \
		$(addsuffix .[do],* test/* test/tools/* test/halfway/*) \
		$(PRINTED) $(PAPER) $(HALFWAY) $(PRELOADED)

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 16

always:

.PHONY: all check have-check deps printed halfway exercise documents demo \
	watch picture model bench objects ports mutants coverage lint format \
	clean help always
