/* What a vault keeps in memory for an entity that is there; for the files of the vault. */
#ifndef LIVEFLOOR_FLOOR_VAULT_ENTRY_H
#define LIVEFLOOR_FLOOR_VAULT_ENTRY_H

#include "floor/vault.h"

struct vault_entry {
    struct guid guid;
    uint32_t number, place;
    uint32_t newer, older; /* places, among those at rest; NONE at the ends */
    bool rests;
    bool known_away;                    /* in `away` already */
    _Alignas(8) unsigned char entity[]; /* nothing in one wants more */
};

#endif
