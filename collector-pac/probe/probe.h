/* probe.h - reads one meter once for the person who installs it. */
#ifndef COLLECTOR_PAC_PROBE_PROBE_H
#define COLLECTOR_PAC_PROBE_PROBE_H

/* Prints every value of the profile, or a diagnosis. `target` is HOST, HOST:PORT or [IPV6]:PORT;
 * `profile` and `unit` may be NULL (pac3200, 1). Returns the program's exit code: done if power
 * and index can be read, failed if not, usage if an argument is wrong. */
int probe_run(const char *target, const char *profile, const char *unit);

/* Prints the names of the built-in profiles with what they are for. */
int profiles_print(void);

#endif
