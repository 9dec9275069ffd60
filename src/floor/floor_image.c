/* A whole floor to an image and back. What is made for one change only (effects, bookings, what
 * the vaults have at hand) is not in it. */
#include "base/image.h"
#include "floor/directory_image.h"
#include "floor/event_log.h"
#include "timeline/images.h"

/* The state depends on these: on loading they must be as they were. What rests in an archive is
 * known to the floor by its handles there. */
static void settings_image(const struct floor *f, struct image *io)
{
    int64_t site_id = f->settings.site_id, timeout_us = f->settings.visitor_timeout_us;
    bool archive = f->settings.archive != NULL;
    image_bytes(io, &site_id, sizeof site_id);
    image_bytes(io, &timeout_us, sizeof timeout_us);
    image_bytes(io, &archive, sizeof archive);
    if (site_id != f->settings.site_id || timeout_us != f->settings.visitor_timeout_us ||
        archive != (f->settings.archive != NULL))
        image_refuse(io);
}

static void counts_image(struct floor *f, struct image *io)
{
    image_bytes(io, &f->now_us, sizeof f->now_us);
    image_bytes(io, &f->version, sizeof f->version);
    image_bytes(io, &f->chat_anomalies, sizeof f->chat_anomalies);
    image_bytes(io, &f->directory_anomalies, sizeof f->directory_anomalies);
    image_bytes(io, &f->agent_deletions, sizeof f->agent_deletions);
}

static void lines_image(struct floor *f, struct image *io)
{
    tally_image(&f->tally, io);
    timeline_image(&f->load, io);
    timeline_image(&f->presence, io);
    timeline_image(&f->on_site, io);
    interval_set_image(&f->alive, io);
    interval_set_image(&f->waits, io);
    interval_set_image(&f->stays, io);
    route_image(&f->site_route, io);
}

static void floor_image(struct floor *f, struct image *io)
{
    settings_image(f, io);
    counts_image(f, io);
    event_log_image(&f->waiting, io);
    event_log_image(&f->site_log, io);
    directory_image(f, io);
    vault_image(&f->visitors, io);
    vault_image(&f->chats, io);
    lines_image(f, io);
}

void floor_save(struct floor *f, struct image *io)
{
    floor_image(f, io);
}

struct floor *floor_load(const struct floor_settings *settings, struct image *io)
{
    struct floor *f = floor_empty(settings);
    floor_image(f, io);
    if (!image_failed(io))
        return f;
    floor_free(f);
    return NULL;
}
