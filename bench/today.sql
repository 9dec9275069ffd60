-- Today's figures over [$1, $2) in one statement.
PREPARE today (bigint, bigint) AS
WITH c AS (
  SELECT count(*) FILTER (WHERE NOT bot_only) AS requests,
    count(*) FILTER (WHERE outcome = 'accepted') AS chats,
    count(*) FILTER (WHERE bot_only) AS bot_only,
    count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
    count(*) FILTER (WHERE outcome = 'switched') AS switched,
    count(*) FILTER (WHERE outcome IN ('abandoned', 'switched', 'missed')) AS missed,
    avg(wait_us) AS wait_us, avg(chat_us) AS chat_us,
    count(*) FILTER (WHERE transferred) AS transferred,
    count(*) FILTER (WHERE department_transferred) AS department_transferred,
    count(*) FILTER (WHERE outcome = 'accepted' AND visitor IS NULL) AS unknown
  FROM chat WHERE requested_us >= $1 AND requested_us < $2),
v AS (
  SELECT count(*) AS visitors
  FROM (SELECT visitor FROM chat
        WHERE requested_us >= $1 AND requested_us < $2 AND outcome = 'accepted'
          AND visitor IS NOT NULL GROUP BY visitor) d),
r AS (SELECT avg(response_us) AS response_us FROM reply WHERE at_us >= $1 AND at_us < $2),
s AS (SELECT avg(score) AS score FROM rating
      WHERE at_us >= $1 AND at_us < $2 AND until_us >= $2),
i AS (SELECT count(*) AS invitations FROM invitation WHERE at_us >= $1 AND at_us < $2),
o AS (SELECT count(*) AS offline FROM offline_message WHERE at_us >= $1 AND at_us < $2),
l AS (SELECT sum(least(until_us, $2) - greatest(from_us, $1)) AS us
      FROM logged_in WHERE from_us < $2 AND until_us > $1),
w AS (SELECT sum(least(until_us, $2) - greatest(from_us, $1)) AS us
      FROM working WHERE from_us < $2 AND until_us > $1)
SELECT json_build_object('chatRequests', requests, 'totalChats', chats + bot_only, 'chats', chats,
  'chatAcceptanceRate', chats::float8 / nullif(requests, 0), 'abandondedChats', abandoned,
  'switchedToMessageChats', switched, 'missedChats', missed, 'avgWaitingTime', wait_us / 1e6,
  'avgChatTime', chat_us / 1e6, 'agentAvgResponseTime', response_us / 1e6,
  'acceptedInvitations', invitations,
  'serviceAccessibilityRate', requests::float8 / nullif(requests + offline, 0),
  'totalTransferredChats', transferred, 'departmentTransferredChats', department_transferred,
  'uniqueChatRate', (visitors + unknown)::float8 / nullif(chats, 0),
  'agentUtilization', w.us::float8 / nullif(l.us, 0), 'avgScore', score)
FROM c, v, r, s, i, o, l, w;
