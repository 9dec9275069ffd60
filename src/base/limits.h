/* Every bound of the server in one place, each with its reason. */
#ifndef LIVEFLOOR_BASE_LIMITS_H
#define LIVEFLOOR_BASE_LIMITS_H

/* --- events (metrics.md §4) --- */
#define LIMIT_ID_BYTES 128u            /* event ids and outside ids (api.md §3, metrics.md §4) */
#define LIMIT_TEXT_BYTES 1024u         /* one text field (metrics.md §4) */
#define LIMIT_DEPARTMENTS_OF_AGENT 1000u /* departmentIds: more than any real floor has */
#define LIMIT_JSON_DEPTH 64u           /* an event is flat; unknown fields may nest a little */
#define LIMIT_EVENT_BYTES (256u << 10) /* one event: 13 full text fields and room for unknown ones */
#define LIMIT_BATCH_EVENTS 100000u     /* events in one POST: 8 MiB of 84 bytes each */
#define LIMIT_AHEAD_US (5LL * 60 * 1000000) /* an event's lead over our clock (api.md §3) */
#define LIMIT_MAX_CONCURRENT 1000000   /* maxConcurrentChats: keeps sums far from overflow */

/* --- HTTP --- */
#define LIMIT_BODY_BYTES (8u << 20)    /* api.md §3: 413 above */
#define LIMIT_HEAD_BYTES (16u << 10)   /* request line and fields together */
#define LIMIT_HEAD_FIELDS 100u
#define LIMIT_TARGET_BYTES (8u << 10)  /* the request target */
#define LIMIT_QUERY_PARAMETERS 64u
#define LIMIT_TURN_CONNECTIONS 64u     /* read before the first of them is answered */
#define LIMIT_CONNECTIONS 16384u       /* for each worker; beyond: accept waits */
#define LIMIT_HEAD_MS 10000u           /* from the first byte of a head to its last */
#define LIMIT_IDLE_MS 75000u           /* keep-alive without a request */
#define LIMIT_BODY_MIN_RATE 1024u      /* bytes/s a body must make, after a grace of: */
#define LIMIT_BODY_GRACE_MS 10000u
#define LIMIT_WRITE_STALL_MS 30000u    /* a reader that takes nothing for so long is cut off */
#define LIMIT_DRAIN_MS 10000u          /* SIGTERM: how long open requests may still take */

/* --- answers --- */
#define LIMIT_PAGE_SIZE 1000           /* api.md §1 */

/* --- ingest --- */
#define LIMIT_GROUP_EVENTS 65536u      /* events in one journal commit */
#define LIMIT_DECODE_BYTES (16u << 10) /* decoded by who answers, some 20 µs; beyond: by others */
#define LIMIT_QUEUED_BYTES (256u << 20) /* decoded batches waiting for the writer; beyond: 503 */
#define LIMIT_UNDECODED_BYTES (64u << 20) /* large bodies before that: a quarter of what they become */
#define LIMIT_SITES 1000000u           /* sites in one process */

/* --- the journal --- */
#define LIMIT_TAIL_BYTES (16u << 20)   /* of each of two files; so much is moved at a time */
#define LIMIT_TAIL_STEP_BYTES (1u << 20) /* a file is that large at first and doubles */
#define LIMIT_TAIL_GROUP_BYTES (128u << 10) /* a larger commit goes to a segment at once */
#define LIMIT_TAIL_MOVE_BYTES (8u << 20) /* in one transaction: LMDB holds it in memory */
#define LIMIT_SEGMENT_PARTS 4u          /* a segment takes so many times what a tail's file does */
#define LIMIT_SEGMENT_GROUP_BYTES (16u << 20) /* a larger commit goes to LMDB */
#define LIMIT_SEGMENT_MAPS 32u          /* segments mapped at a time, for reading */

/* --- the index of ids --- */
#define LIMIT_ID_TABLE_IDS (1u << 17)  /* in memory before they go to a file: 4 MiB with a group */
#define LIMIT_ID_MEMORY_IDS (1u << 24) /* while no file can be written: 512 MiB; beyond: 503 */

/* --- snapshots --- */
#define LIMIT_SNAPSHOT_S 600           /* a child that writes one is ended then */

#endif
