/* The media type within a Content-Type. */
#ifndef LIVEFLOOR_EVENT_MEDIA_TYPE_H
#define LIVEFLOOR_EVENT_MEDIA_TYPE_H

#include "base/span.h"

/* The type without parameters and blanks around it; case is left as it is. */
struct span media_type_of(struct span content_type);

#endif
