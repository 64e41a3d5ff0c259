/* Linked to the programs for Linux: fails one that exits with a descriptor open that it was not started with. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned long open_descriptors(void) {
    unsigned long found = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return 0;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd != dirfd(directory) && fd < 64)
            found |= 1UL << fd;
    }
    closedir(directory);
    return found;
}

static unsigned long at_start;

__attribute__((constructor)) static void start(void) {
    at_start = open_descriptors();
}

__attribute__((destructor)) static void end(void) {
    unsigned long left = open_descriptors() & ~at_start;
    if (left != 0) {
        fprintf(stderr, "descriptors are open at the exit: mask %#lx\n", left);
        fflush(NULL);
        _exit(99);
    }
}
