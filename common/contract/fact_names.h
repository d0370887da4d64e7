/* fact_names.h - names of enum mark and enum role on the wire; for fact.c and fact_read.c only. */
#ifndef COMMON_CONTRACT_FACT_NAMES_H
#define COMMON_CONTRACT_FACT_NAMES_H

/* Each ends with NULL. */
extern const char *const mark_names[];
extern const char *const role_names[];

#endif
