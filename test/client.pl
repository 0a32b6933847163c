#!/usr/bin/perl
# A third program for the channel of writer and reader, in another language.
# It was written from README alone, mostly THE PICTURE, without their code.
#
#   perl client.pl path       prints the texts, as ./reader does into a pipe
#   perl client.pl -w path    puts standard input in, as ./writer does
use strict;
use warnings;
use IPC::SysV qw(ftok GETVAL IPC_CREAT IPC_NOWAIT IPC_RMID SEM_UNDO);

my %number = (GUARD => 0, EMPTY => 1, NEWS => 2, READERS => 3, WRITERS => 4);
my $writes = @ARGV && $ARGV[0] eq '-w' && shift;
my $path = @ARGV == 1 ? shift : do { warn "client.pl [-w] path\n"; exit 2 };
my ($set, $segment, $joined, $signal);
$SIG{$_} = sub { $signal = shift } for qw(HUP INT TERM);

sub fail { warn "client.pl: $_[0]: $!\n" if !$signal; exit 1 }
# Perl turns every key above 0x7fffffff into the same one: make it signed.
sub key { unpack 'l', pack 'L', ftok($path, shift) // fail($path) }
sub value { 0 + (semctl($set, $number{+shift}, GETVAL, 0) // fail('semctl')) }

# Try a step, written as in README.  Ctrl-Z and fg end a sleep: sleep again.
sub try {
    my ($name, @list);
    while ($_[0] =~ /([A-Z]*) ?([-+]?\d+)(n?)(u?)/g) {
        $name = $1 || $name;
        push @list, $number{$name}, $2, !!$3 * IPC_NOWAIT | !!$4 * SEM_UNDO;
    }
    until (semop $set, pack 's!*', @list) {
        return 0 if $signal || !$!{EINTR};
    }
    return 1;
}
sub step { try(@_) || fail('semop') }

do {    # The last to leave may remove the set while we come: begin again.
    $set = semget(key('s'), 5, IPC_CREAT | 0600) // fail('semget');
    try('GUARD 0n, EMPTY 0n, NEWS 0n, EMPTY +1, GUARD +1');
} until try('GUARD -1u') || !$!{EIDRM} && !$!{EINVAL} && fail('semop');
$segment = shmget(key('m'), 256, IPC_CREAT | 0600) // fail('shmget');
my $old = value('NEWS') - (value('EMPTY') ? 0 : 2);
step("NEWS -${old}n") if $old > 0 && !value('READERS');
$joined = step($writes ? 'WRITERS +1u, GUARD +1u, NEWS +1, NEWS -1u'
                       : 'READERS +1u, GUARD +1u');

my ($lines, $end) = ('');
while ($writes && !$signal && (!$end || $lines ne '')) {
    $end ||= !(sysread(STDIN, $lines, 252 - length $lines, length $lines)
        // fail('standard input'));
    my $size = 1 + rindex $lines, "\n";    # Whole lines, or else a piece.
    $size ||= length $lines if $end || length $lines == 252;
    next if $size == 0;
    step('EMPTY -1 +1, GUARD -1u');
    my $text = pack 'L/a*', substr $lines, 0, $size, '';
    shmwrite $segment, $text, 0, length $text or fail('shmwrite');
    step('EMPTY -1n, NEWS +1, GUARD +1u');
}
while (!$writes && !$signal && !$end) {
    step('NEWS -1 +1, GUARD -1u');
    if (!value('EMPTY')) {
        shmread $segment, my $text, 0, 256 or fail('shmread');
        for ($text = unpack 'L/a', $text; $text ne '';) {
            substr $text, 0, syswrite(STDOUT, $text) // fail('print'), '';
        }
        step('NEWS -1n, EMPTY +1, GUARD +1u');
    } else {
        $end = !value('WRITERS');
        step($end ? 'GUARD +1u' : 'NEWS -1n, GUARD +1u');
    }
}
END {    # This runs after exit, too.
    $joined && try($writes ? 'WRITERS -1u, NEWS +1u' : 'READERS -1u')
        && try('READERS 0n, WRITERS 0n, EMPTY -1n, EMPTY +1, GUARD -1nu')
        && shmctl($segment, IPC_RMID, 0) && semctl($set, 0, IPC_RMID, 0);
    kill $signal, $$ if $signal && ($SIG{$signal} = 'DEFAULT');
}
