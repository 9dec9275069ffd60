#include "base/build_id.h"

#include <link.h>
#include <string.h>

/* A note is its head, its name and its text, each of these padded to four bytes. */
static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* Finds the build id among a segment's notes; what is left of it is zero. */
static void find_in_notes(const unsigned char *at, size_t size, unsigned char *out)
{
    ElfW(Nhdr) head;
    while (size >= sizeof head) {
        memcpy(&head, at, sizeof head);
        size_t name = padded(head.n_namesz), whole = sizeof head + name + padded(head.n_descsz);
        if (whole > size)
            return;
        if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
            memcmp(at + sizeof head, "GNU", 4) == 0)
            memcpy(out, at + sizeof head + name,
                   head.n_descsz < BUILD_ID_BYTES ? head.n_descsz : BUILD_ID_BYTES);
        at += whole;
        size -= whole;
    }
}

/* The program itself is the first object. */
static int look_at(struct dl_phdr_info *info, size_t size, void *out)
{
    (void)size;
    for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_NOTE)
            find_in_notes((const unsigned char *)(info->dlpi_addr + part->p_vaddr), part->p_memsz,
                          out);
    }
    return 1;
}

bool build_id(unsigned char out[BUILD_ID_BYTES])
{
    static const unsigned char none[BUILD_ID_BYTES];
    memset(out, 0, BUILD_ID_BYTES);
    dl_iterate_phdr(look_at, out);
    return memcmp(out, none, sizeof none) != 0;
}
