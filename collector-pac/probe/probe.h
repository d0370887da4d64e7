/* probe.h - reads one meter once, for commissioning. */
#ifndef COLLECTOR_PAC_PROBE_PROBE_H
#define COLLECTOR_PAC_PROBE_PROBE_H

/* Prints every value of the profile, or a diagnosis. `target` is HOST, HOST:PORT or [IPV6]:PORT;
 * `profile` and `unit` may be NULL (the one that fits best, 1). Returns the exit code: EXIT_DONE if
 * power and index can be read, EXIT_FAILED if not, EXIT_USAGE if an argument is invalid. */
int probe_run(const char *target, const char *profile, const char *unit);

/* Prints the names and labels of the built-in profiles. Returns the exit code. */
int profiles_print(void);

#endif
