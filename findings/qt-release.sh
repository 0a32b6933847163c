#!/bin/sh
# Qt's QSystemSemaphore: what a producer releases goes away when it ends.
#
# Package: libqt6core6 6.4.2+dfsg-10, whose semaphores are System V's.
#
# Guess, from Qt's page on the class: its typical use is a producer and its
# consumers, and release() may also make new units.  When a process ends, the
# kernel gives back what it has acquired and not released.  The page says
# nothing of what it has released.  So a producer that releases 2 and ends has
# left 2 units for the consumers.
#
# Seen: 2 while the producer lives, 0 after it has ended as it should.  Qt sets
# SEM_UNDO for a release, too, and the kernel undoes both.  release() had
# returned true.  A consumer that comes now waits for ever.

. "$(dirname "$0")/begin"

unpack_all libqt6core6=6.4.2+dfsg-10
unpack qt6-base-dev=6.4.2+dfsg-10

# market N COMMAND: with 0 it makes the semaphore, else it releases N units.
# It runs COMMAND, and ends.
cat >market.cpp <<'EOF'
#include <QSystemSemaphore>
#include <cstdlib>

int main(int, char **argv)
{
	const int units = std::atoi(argv[1]);
	QSystemSemaphore market("market", 0, units == 0
		? QSystemSemaphore::Create : QSystemSemaphore::Open);

	if (units > 0 && !market.release(units))
		return 1;
	return std::system(argv[2]) != 0;
}
EOF
headers=root/usr/include/$machine/qt6
g++ -std=c++17 -fPIC -I"$headers" -I"$headers/QtCore" market.cpp -o market \
	"root/usr/lib/$machine/libQt6Core.so.6" -Wl,--allow-shlib-undefined


export TMPDIR="$tmp"
with_root ./market 0 './market 2 "sh value >during"; sh value >after'

echo "libqt6core6 6.4.2+dfsg-10"
saw "units while the producer lives" "$(cat during)" 2 2
saw "units after it has ended" "$(cat after)" 2 0
