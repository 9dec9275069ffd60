-- A live-chat database as one would build it for Today's figures: what becomes of a chat in
-- one row of it, a row for each reply and rating, an agent's spans; an index for each question
-- that holds all its columns, so that no table is read. Instants are µs since 1970. Filled
-- from the events (event: bench/ingest.py), whose order within an instant does not matter here.
CREATE TABLE visitor (number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid UNIQUE);
CREATE TABLE chat (
  id uuid PRIMARY KEY, requested_us bigint NOT NULL, visitor int, department uuid,
  outcome text,                      -- of its first wait; null while it lasts
  wait_us bigint,                    -- its first wait, once over
  chat_us bigint,                    -- from acceptance to end, once over
  transferred bool NOT NULL DEFAULT false, department_transferred bool NOT NULL DEFAULT false,
  bot_only bool NOT NULL DEFAULT false);
CREATE TABLE reply (at_us bigint NOT NULL, response_us bigint NOT NULL);
-- A rating holds until the chat's next one: the latest in a window is the one that holds at its
-- end.
CREATE TABLE rating (at_us bigint NOT NULL, until_us bigint NOT NULL, score numeric NOT NULL);
CREATE TABLE invitation (at_us bigint NOT NULL);
CREATE TABLE offline_message (at_us bigint NOT NULL);
CREATE TABLE logged_in (agent uuid, from_us bigint NOT NULL, until_us bigint NOT NULL);
CREATE TABLE working (agent uuid, from_us bigint NOT NULL, until_us bigint NOT NULL); -- and in a chat

INSERT INTO visitor (id) SELECT DISTINCT visitor FROM event WHERE visitor IS NOT NULL;

INSERT INTO chat (id, requested_us, visitor, department, outcome, wait_us, chat_us)
SELECT c.chat, requested, v.number, department,
  CASE WHEN accepted IS NOT NULL THEN 'accepted' WHEN abandoned IS NOT NULL THEN 'abandoned' END,
  coalesce(accepted, abandoned) - requested, ended - accepted
FROM (SELECT chat,
        min(at_us) FILTER (WHERE type = 'chat.requested') AS requested,
        min(at_us) FILTER (WHERE type = 'chat.accepted') AS accepted,
        min(at_us) FILTER (WHERE type = 'chat.abandoned') AS abandoned,
        min(at_us) FILTER (WHERE type = 'chat.ended') AS ended,
        (min(visitor::text) FILTER (WHERE type = 'chat.requested'))::uuid AS visitor,
        (min(department::text) FILTER (WHERE type = 'chat.requested'))::uuid AS department
      FROM event WHERE chat IS NOT NULL GROUP BY chat) c
LEFT JOIN visitor v ON v.id = c.visitor;

-- An agent's message right after a visitor's (in these events they take turns).
INSERT INTO reply
SELECT at_us, at_us - before_us
FROM (SELECT at_us, detail, lag(detail) OVER w AS before, lag(at_us) OVER w AS before_us
      FROM event WHERE type = 'chat.message' WINDOW w AS (PARTITION BY chat ORDER BY at_us)) m
WHERE detail = 'agent' AND before = 'visitor';

INSERT INTO rating
SELECT at_us, lead(at_us, 1, 9223372036854775807) OVER (PARTITION BY chat ORDER BY at_us),
  detail::numeric FROM event WHERE type = 'chat.rated';

INSERT INTO logged_in
SELECT agent, at_us, until_us
FROM (SELECT agent, at_us, detail, lead(at_us, 1, :end_us) OVER (PARTITION BY agent ORDER BY at_us)
        AS until_us FROM event WHERE type = 'agent.statusChanged') s
WHERE detail <> 'offline' AND until_us > at_us;

INSERT INTO working
SELECT agent, lower(span), upper(span)
FROM (SELECT agent, unnest(busy * present) AS span
      FROM (SELECT a.agent, range_agg(int8range(a.at_us, e.at_us)) AS busy
            FROM event a JOIN event e USING (chat)
            WHERE a.type = 'chat.accepted' AND e.type = 'chat.ended' AND a.agent IS NOT NULL
              AND e.at_us > a.at_us GROUP BY a.agent) b (agent, busy)
      JOIN (SELECT agent, range_agg(int8range(from_us, until_us)) AS present
            FROM logged_in GROUP BY agent) l USING (agent)) w;

DROP TABLE event;
CREATE INDEX ON chat (requested_us)
  INCLUDE (visitor, outcome, wait_us, chat_us, transferred, department_transferred, bot_only);
CREATE INDEX ON reply (at_us) INCLUDE (response_us);
CREATE INDEX ON rating (at_us) INCLUDE (until_us, score);
CREATE INDEX ON invitation (at_us);
CREATE INDEX ON offline_message (at_us);
CREATE INDEX ON logged_in (from_us) INCLUDE (until_us);
CREATE INDEX ON working (from_us) INCLUDE (until_us);
VACUUM (FREEZE, ANALYZE);
