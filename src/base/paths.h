/* Names of files, and what directories need. */
#ifndef LIVEFLOOR_BASE_PATHS_H
#define LIVEFLOOR_BASE_PATHS_H

/* DIRECTORY/NAME, which the caller frees; NULL when there is no memory. */
char *path_join(const char *directory, const char *name);

/* Makes a directory for its owner alone, unless it is there. 0 or an errno. */
int directory_make(const char *path);

/* What was made, renamed or deleted in it is so after a power cut too. 0 or an errno. */
int directory_sync(const char *path);

#endif
