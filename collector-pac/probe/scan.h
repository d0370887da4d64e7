/* scan.h - finds the meters behind a gateway. */
#ifndef COLLECTOR_PAC_PROBE_SCAN_H
#define COLLECTOR_PAC_PROBE_SCAN_H

/* Asks the unit ids 1 to 247 one after the other over one connection, with pauses, and prints those
 * that answer, with the profile that fits. `target` is as for probe_run(). Returns the exit code:
 * EXIT_DONE if a unit answers, EXIT_FAILED if none does, EXIT_USAGE if the argument is invalid. */
int scan_run(const char *target);

#endif
