#include "support.h"
Suite *
helpers_suite(void)
{
	return suite_create("The helpers");
}
