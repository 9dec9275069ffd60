/* vault: entities with a GUID and a number each, of which only those in use and those
 * touched lately are in memory. The others are put away, packed, in an archive, and cost a
 * few bytes each (docs/decisions/0012). Without an archive all stay in memory. */
#ifndef LIVEFLOOR_FLOOR_VAULT_H
#define LIVEFLOOR_FLOOR_VAULT_H

#include "base/archive.h"
#include "base/buffer.h"
#include "base/guid.h"
#include "base/image.h"
#include "floor/number_map.h"
#include "floor/places.h"

/* No such number. */
#ifndef NONE
#define NONE UINT32_MAX
#endif

/* What a vault needs to know of its entities. */
struct vault_kind {
    size_t size;
    uint32_t rest_least;                         /* so many stay in memory at rest */
    void (*init)(void *entity, uint32_t number); /* a new one */
    void (*clear)(void *entity);                 /* frees what it owns */
    void (*pack)(const void *entity, struct buffer *out);
    void (*unpack)(void *entity, uint32_t number, struct span bytes); /* into raw memory */
    void (*image)(void *entity, struct image *io);                    /* loading: into zeros */
};

struct vault_entry;

struct vault_ahead; /* vault.c */

struct vault {
    const struct vault_kind *kind;
    struct archive *archive; /* NULL: none */
    bool at_once;            /* nothing stays in memory at rest */
    struct places places;    /* by number: of an entry in memory, or an archive's handle */
    uint32_t count;          /* of numbers: 0, 1, 2… */

    struct vault_entry **entries; /* in memory, by place; NULL where free */
    uint32_t entry_count, entry_end;
    size_t entry_cap;
    uint32_t *free_places; /* below entry_end */
    size_t free_count, free_cap;
    uint32_t *slots; /* places + 1 by GUID, open addressing */
    uint32_t slot_count;
    struct number_map away;  /* all that have been put away once */
    uint32_t newest, oldest; /* places of those at rest, by the time of their last touch */
    uint32_t resting;

    struct buffer scratch;
    struct vault_ahead *ahead; /* owned; NULL until something is looked for in the archive */
};

void vault_init(struct vault *v, const struct vault_kind *kind, struct archive *archive,
                bool at_once);
void vault_clear(struct vault *v);

/* All of it to an image; or from there into an empty vault with the same archive, in which all
 * that had been put away still lies under its handle. */
void vault_image(struct vault *v, struct image *io);

/* The number of a GUID, or NONE. Reads only. */
uint32_t vault_find(const struct vault *v, const struct guid *g);

/* The number of a GUID, with a new entity when it has none. */
uint32_t vault_intern(struct vault *v, const struct guid *g);

/* The entity, in memory until the next vault_trim. */
void *vault_get(struct vault *v, uint32_t number);

/* Says whether an entity may be put away; one at rest counts as touched now. */
void vault_rest(struct vault *v, uint32_t number, bool rests);

/* Puts away what has rested longest, above a bound. No entity may be in use. */
void vault_trim(struct vault *v);

/* The entity for reading, by any thread while nobody changes the vault: it lies in the vault,
 * or is unpacked into *scratch (of the kind's size), which the caller clears in either case
 * (scratch is a new entity when it is not used). `guid` may be NULL. */
const void *vault_peek(const struct vault *v, uint32_t number, void *scratch, struct guid *guid);

#endif
