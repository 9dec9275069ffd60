/* Records of the journal. Whatever the bytes: no crash; and what reads as sound is
 * written back to the same bytes. */
#include "target.h"

#include "journal/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal_record record;
    struct span bytes = {(const char *)data, size};
    if (record_read(1, bytes, &record) != RECORD_OK)
        return 0;
    char *again = malloc(size);
    if (again == NULL || record_size(&record) != size)
        abort();
    record_write(&record, again);
    if (memcmp(again, data, size) != 0)
        abort();
    free(again);
    return 0;
}
