/* Runs a fuzz target over the files of folders, so that every build tries what
 * the fuzzer once found, with or without it. */
#include "target.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Tries one file; false when it cannot be read. */
static bool try_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long size = -1;
    bool fine = file != NULL && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 &&
                fseek(file, 0, SEEK_SET) == 0;
    if (fine) {
        /* Of its very length, so that a sanitizer sees a read past it. */
        data = malloc(size == 0 ? 1 : (size_t)size);
        fine = data != NULL && fread(data, 1, (size_t)size, file) == (size_t)size;
    }
    if (file != NULL)
        fclose(file);
    if (fine)
        LLVMFuzzerTestOneInput(data, (size_t)size);
    else
        perror(path);
    free(data);
    return fine;
}

/* Tries all files of a folder; the number tried, or -1. */
static int try_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;
    if (dir == NULL) {
        perror(folder);
        return -1;
    }
    for (struct dirent *entry; count >= 0 && (entry = readdir(dir)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        count = try_file(path) ? count + 1 : -1;
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int count = try_folder(argv[i]);
        if (count < 0)
            return 1;
        total += count;
    }
    printf("%d inputs tried\n", total);
    return total > 0 ? 0 : 1;
}
