// SPDX-License-Identifier: BSL-1.0

// The default options that the sanitizers' runtimes read, so that a test run by hand behaves like one run by ctest.
// Other builds do not call these functions.

extern "C" {

char const* __ubsan_default_options();
char const* __ubsan_default_options()
{
    return "print_stacktrace=1";
}

char const* __asan_default_options();
char const* __asan_default_options()
{
    return "detect_stack_use_after_return=1:strict_init_order=1:check_initialization_order=1";
}

char const* __tsan_default_options();
char const* __tsan_default_options()
{
    return "halt_on_error=1:second_deadlock_stack=1";
}

} // extern "C"
