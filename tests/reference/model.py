"""The floor as metrics.md tells it, replayed plainly: every event in its order, every
change of every thing written down with its instant. Slow, and meant to be obviously
right; it knows nothing of the engine."""
from bisect import bisect_right
from decimal import Decimal

from ids import guid, microseconds, status_guid

RANK = {"site.updated": 0, "department.updated": 0, "agent.updated": 0, "status.updated": 0,
        "department.deleted": 1, "agent.deleted": 1, "agent.statusChanged": 2, "visitor.seen": 2,
        "chat.botStarted": 3, "chat.requested": 4, "chat.transferred": 5, "chat.accepted": 6,
        "chat.message": 7, "chat.agentLeft": 8, "chat.rated": 9, "invitation.accepted": 9,
        "invitation.sent": 9, "invitation.refused": 9, "offlineMessage.submitted": 9,
        "chat.abandoned": 10, "chat.switchedToMessage": 10, "chat.refused": 10,
        "chat.missed": 10, "chat.ended": 10, "visitor.left": 10}
OFFLINE = status_guid(0, "offline")
SITE = ("site", None)
FOREVER = float("inf")


class History:
    """What something was, from which instant on."""

    def __init__(self, first):
        self.times, self.values, self.first = [], [], first

    def set(self, time, value):
        self.times.append(time)
        self.values.append(value)

    def at(self, time):
        i = bisect_right(self.times, time)
        return self.values[i - 1] if i else self.first

    @property
    def last(self):
        return self.values[-1] if self.values else self.first


class Agent:
    def __init__(self, ident):
        self.id = ident
        self.there = History(None)   # since when it exists, or None
        self.deleted = History(False)
        self.facts = History({})
        self.status = History(OFFLINE)
        self.joins = []              # [chat, from, until]

    def chats_at(self, t):
        return [j for j in self.joins if j[1] <= t < j[2]]


class Department:
    def __init__(self, ident):
        self.id = ident
        self.there = History(False)
        self.deleted = History(False)
        self.facts = History({})


class Chat:
    def __init__(self, ident):
        self.id = ident
        self.state = History("none")
        self.department = History(None)
        self.route = History(None)
        self.wait_start = History(None)
        self.inside = {}             # agent -> its open join
        self.begun = self.requested = self.ended = self.accepted = None
        self.request_department = None
        self.named_by_request = self.named_by_bot = self.named_by_acceptance = None
        self.contact = None
        self.first_wait = None       # (microseconds, outcome)
        self.transfers = self.department_transfers = 0
        self.ratings, self.replies = [], []   # (time, score), (time, response time)
        self.unanswered = self.active_since = None

    @property
    def visitor(self):
        """For its whole life (section 4)."""
        return self.named_by_request or self.named_by_bot or self.named_by_acceptance


class Model:
    def __init__(self, events, site, now, timeout_s=120):
        self.site, self.now, self.timeout = site, now, timeout_s * 10**6
        self.agents, self.departments, self.chats, self.marks = {}, {}, {}, {}
        self.kinds = {status_guid(site, k): k for k in ("online", "away", "offline")}
        self.built_in = set(self.kinds)
        self.ended_waits = []        # (time, route, microseconds, outcome)
        self.invitations, self.offline_messages = [], []   # (time, department)
        self.offset, self.anomalies = 0, 0
        first = {}
        for e in events:
            first.setdefault(e["id"], e)
        self.events = sorted(
            ((microseconds(e["time"]), RANK[e["type"]], e["id"].encode(), e)
             for e in first.values()), key=lambda x: x[:3])
        for time, _, _, event in self.events:
            if time <= now:
                self.take(time, event)

    def take(self, t, e):
        kind = e["type"]
        name = kind.replace(".", "_")
        if kind in ("chat.abandoned", "chat.switchedToMessage", "chat.refused", "chat.missed"):
            self.outcome(t, e, kind.split(".")[1])
        elif hasattr(self, name):
            getattr(self, name)(t, e)

    def id(self, e, field):
        return guid(self.site, e[field]) if e.get(field) is not None else None

    def agent(self, ident):
        return self.agents.setdefault(ident, Agent(ident))

    def department(self, ident):
        return self.departments.setdefault(ident, Department(ident))

    def chat(self, e):
        ident = self.id(e, "chatId")
        return self.chats.setdefault(ident, Chat(ident))

    # --- the directory ---

    def site_updated(self, t, e):
        if e.get("utcOffset") is not None:
            self.offset = e["utcOffset"]

    def status_updated(self, t, e):
        status = status_guid(self.site, e["statusId"])
        if status in self.built_in:
            self.anomalies += 1
        else:
            self.kinds[status] = e["kind"]

    def updated(self, t, thing, e, fields):
        facts = {} if thing.deleted.last else dict(thing.facts.last)
        for field in fields:
            if e.get(field) is not None:
                facts[field] = e[field]
        thing.deleted.set(t, False)
        thing.facts.set(t, facts)

    def department_updated(self, t, e):
        d = self.department(self.id(e, "departmentId"))
        self.updated(t, d, e, ("name", "description", "isAvailableInLiveChat",
                               "isAvailableInTicketingAndMessaging"))
        d.there.set(t, True)

    def department_deleted(self, t, e):
        d = self.department(self.id(e, "departmentId"))
        if not d.there.last:
            self.anomalies += 1
            return
        d.there.set(t, False)
        d.deleted.set(t, True)

    def name_department(self, t, ident):
        d = self.department(ident)
        if not d.deleted.last and not d.there.last:
            d.there.set(t, True)

    def agent_updated(self, t, e):
        a = self.agent(self.id(e, "agentId"))
        was_locked = a.facts.last.get("isLocked", False) and not a.deleted.last
        self.updated(t, a, e, ("displayName", "email", "firstName", "lastName", "title", "bio",
                               "phone", "isAdmin", "isActive", "isLocked", "maxConcurrentChats",
                               "departmentIds", "avatar"))
        facts = a.facts.last
        if facts.get("isLocked") and not was_locked:
            facts["lockedTime"] = t
        if e.get("departmentIds") is not None:
            facts["members"] = list(dict.fromkeys(guid(self.site, d) for d in e["departmentIds"]))
        if a.there.last is None:
            a.there.set(t, t)

    def agent_deleted(self, t, e):
        a = self.agent(self.id(e, "agentId"))
        if a.there.last is None:
            self.anomalies += 1
            return
        a.there.set(t, None)
        a.deleted.set(t, True)
        a.status.set(t, OFFLINE)
        for chat in self.chats.values():
            if a.id in chat.inside:
                self.leave(t, chat, a.id)

    def agent_statusChanged(self, t, e):
        a = self.agent(self.id(e, "agentId"))
        if a.deleted.last:
            self.anomalies += 1
            return
        if a.there.last is None:
            a.there.set(t, t)
        a.status.set(t, status_guid(self.site, e["statusId"]))

    # --- visitors and what counts by itself ---

    def visitor_seen(self, t, e):
        self.marks.setdefault(self.id(e, "visitorId"), []).append(
            (t, True, self.id(e, "contactIdentityId")))

    def visitor_left(self, t, e):
        self.marks.setdefault(self.id(e, "visitorId"), []).append((t, False, None))

    def invitation_accepted(self, t, e):
        self.invitations.append((t, self.id(e, "departmentId")))

    def offlineMessage_submitted(self, t, e):
        self.offline_messages.append((t, self.id(e, "departmentId")))

    # --- chats ---

    def begin(self, t, c):
        if c.begun is None:
            c.begun = t

    def leave(self, t, c, agent):
        c.inside.pop(agent)[2] = t

    def enter(self, t, c, ident):
        a = self.agent(ident)
        if a.deleted.last:
            return
        if a.there.last is None:
            a.there.set(t, t)
        join = [c, t, FOREVER]
        a.joins.append(join)
        c.inside[ident] = join

    def chat_botStarted(self, t, e):
        c = self.chat(e)
        if c.state.last != "none":
            self.anomalies += 1
            return
        self.begin(t, c)
        c.state.set(t, "bot")
        c.named_by_bot = self.id(e, "visitorId")
        c.contact = self.id(e, "contactIdentityId")

    def request(self, t, c, department, route):
        self.begin(t, c)
        c.requested = t
        c.request_department = department
        c.department.set(t, department)
        c.route.set(t, route)
        c.wait_start.set(t, t)
        c.state.set(t, "waiting")

    def chat_requested(self, t, e):
        c = self.chat(e)
        if c.state.last not in ("none", "bot"):
            self.anomalies += 1
            return
        department, agent = self.id(e, "departmentId"), self.id(e, "agentId")
        c.named_by_request = self.id(e, "visitorId")
        c.contact = self.id(e, "contactIdentityId") or c.contact
        if department:
            self.name_department(t, department)
        self.request(t, c, department, ("agent", agent) if agent else
                     ("department", department) if department else SITE)

    def wait_over(self, t, c, outcome):
        wait = t - c.wait_start.last
        self.ended_waits.append((t, c.route.last, wait, outcome))
        if c.first_wait is None:
            c.first_wait = (wait, outcome)

    def chat_accepted(self, t, e):
        c, agent = self.chat(e), self.id(e, "agentId")
        if c.state.last == "ended" or (c.state.last == "active" and agent in c.inside):
            self.anomalies += 1
            return
        if c.state.last in ("none", "bot"):
            self.request(t, c, None, SITE)
        if c.state.last == "waiting":
            self.wait_over(t, c, "answered")
            c.accepted = t if c.accepted is None else c.accepted
            c.state.set(t, "active")
            c.active_since = t
        c.named_by_acceptance = c.named_by_acceptance or self.id(e, "visitorId")
        self.enter(t, c, agent)

    def chat_transferred(self, t, e):
        c = self.chat(e)
        department, agent = self.id(e, "toDepartmentId"), self.id(e, "toAgentId")
        if c.state.last not in ("waiting", "active"):
            self.anomalies += 1
            return
        had = c.department.last
        if c.state.last == "active":
            for inside in list(c.inside):
                self.leave(t, c, inside)
            c.transfers += 1
            if department and had and department != had:
                c.department_transfers += 1
            c.wait_start.set(t, t)
            c.state.set(t, "waiting")
        if department:
            self.name_department(t, department)
            c.department.set(t, department)
        c.route.set(t, ("agent", agent) if agent else ("department", department))

    def chat_message(self, t, e):
        c, sender = self.chat(e), e["sender"]
        if c.state.last in ("none", "ended"):
            self.anomalies += 1
        elif sender == "visitor":
            c.unanswered = t if c.unanswered is None else c.unanswered
        elif sender == "bot":
            c.unanswered = None
        elif sender == "agent" and c.state.last == "active" and c.unanswered is not None:
            c.replies.append((t, t - max(c.unanswered, c.active_since)))
            c.unanswered = None

    def chat_agentLeft(self, t, e):
        c, agent = self.chat(e), self.id(e, "agentId")
        if c.state.last != "active" or agent not in c.inside:
            self.anomalies += 1
            return
        self.leave(t, c, agent)

    def chat_rated(self, t, e):
        c = self.chat(e)
        if c.state.last == "none":
            self.anomalies += 1
            return
        c.ratings.append((t, Decimal(str(e["score"]))))

    def end(self, t, c):
        for inside in list(c.inside):
            self.leave(t, c, inside)
        c.state.set(t, "ended")
        c.ended = t

    def outcome(self, t, e, kind):
        c = self.chat(e)
        if c.state.last != "waiting":
            self.anomalies += 1
            return
        self.wait_over(t, c, kind)
        self.end(t, c)

    def chat_ended(self, t, e):
        c = self.chat(e)
        if c.state.last in ("none", "ended"):
            self.anomalies += 1
            return
        if c.state.last == "waiting":
            self.wait_over(t, c, "abandoned")
        self.end(t, c)

    # --- who is on site (section 4) ---

    def on_site(self, visitor, t):
        if any(c.visitor == visitor and c.begun is not None and c.begun <= t and
               (c.ended is None or t < c.ended) for c in self.chats.values()):
            return True
        before = [m for m in self.marks.get(visitor, ()) if m[0] <= t]
        return bool(before) and before[-1][1] and t - before[-1][0] <= self.timeout

    def stay_start(self, visitor, t):
        """When the unbroken time on site that holds t began: back from turn to turn."""
        turns = {m[0] for m in self.marks.get(visitor, ())}
        turns |= {m[0] + self.timeout + 1 for m in self.marks.get(visitor, ())}
        for c in self.chats.values():
            if c.visitor == visitor and c.begun is not None:
                turns |= {c.begun} | ({c.ended} if c.ended is not None else set())
        start = None
        for turn in sorted((x for x in turns if x <= t), reverse=True):
            if not self.on_site(visitor, turn):
                break
            start = turn
        return start

    def visitors(self):
        return set(self.marks) | {c.visitor for c in self.chats.values() if c.visitor}
