"""The four views, counted by brute force from a Model (metrics.md sections 5 to 9)."""
import json
from fractions import Fraction
from urllib.parse import parse_qsl, urlsplit

from ids import guid, instant_text, microseconds, span_text

DAY = 86400 * 10**6
MINUTE = 60 * 10**6


class Double(float):
    """A figure of type double: its text is made from the exact fraction."""

    def __new__(cls, num, den=1):
        made = super().__new__(cls, Fraction(num, den) if den else 0)
        made.exact = Fraction(num) / Fraction(den) if den else Fraction(0)
        return made


def text_of(value):
    """Compact JSON, numbers as section 1 says."""
    if isinstance(value, Double):
        millionths = round(value.exact * 10**6)     # half to even
        whole, fraction = divmod(millionths, 10**6)
        return f"{whole}." + (f"{fraction:06}".rstrip("0") or "0")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{text_of(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text_of, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def overlap(start, end, a, b):
    return max(0, min(end, b) - max(start, a))


class Question:
    def __init__(self, model, target):
        self.m = m = model
        parts = urlsplit(target)
        p = {k.lower(): v for k, v in parse_qsl(parts.query)}
        self.view = parts.path.rsplit("/", 1)[1]
        self.offset = int(p.get("utcoffset", m.offset))
        when = lambda key: microseconds(p[key], self.offset) if key in p else None
        self.start, self.end = when("starttime"), when("endtime")
        self.t = m.now if self.end is None else min(self.end, m.now)
        self.department = guid(m.site, p["departmentid"]) if "departmentid" in p else None
        self.agent = guid(m.site, p["agentid"]) if "agentid" in p else None
        self.distribution = p.get("includestatusdistribution", "").lower() == "true"
        self.index, self.size = int(p.get("pageindex", 1)), int(p.get("pagesize", 5))

    def answer(self):
        return getattr(self, self.view)()

    # --- shared ---

    def kind(self, agent, t):
        return self.m.kinds.get(agent.status.at(t), "away")

    def is_member(self, agent, department, t):
        return (agent.there.at(t) is not None and not agent.deleted.at(t) and
                department in agent.facts.at(t).get("members", ()))

    def limit(self, agent, t):
        return agent.facts.at(t).get("maxConcurrentChats", 0)

    def online_limit(self, agents):
        return sum(self.limit(a, self.t) for a in agents if self.kind(a, self.t) == "online")

    def busy(self, agent, start, end, also_logged_in=False):
        """Time in at least one chat, piece by piece between turns."""
        turns = {start, end} | {x for j in agent.joins for x in j[1:] if start < x < end}
        turns |= {x for x in agent.status.times if start < x < end}
        points = sorted(turns)
        return sum(b - a for a, b in zip(points, points[1:]) if agent.chats_at(a) and
                   (not also_logged_in or self.kind(agent, a) != "offline"))

    def statuses(self, agent, start, end):
        points = sorted({start, end} | {x for x in agent.status.times if start < x < end})
        times = {}
        for a, b in zip(points, points[1:]):
            status = agent.status.at(a)
            times[status] = times.get(status, 0) + b - a
        return times

    # --- section 5 ---

    def RightNow(self):
        m, t = self.m, self.t
        chats = []
        for c in m.chats.values():
            state = c.state.at(t)
            if state in ("none", "ended"):
                continue
            since = c.requested if c.requested is not None and c.requested <= t else c.begun
            if self.start is not None and since < self.start:
                continue
            if self.department is not None and c.department.at(t) != self.department:
                continue
            chats.append((c, state))
        agents = [a for a in m.agents.values()
                  if self.department is None or self.is_member(a, self.department, t)]
        active = {c.id for c, s in chats if s == "active"}
        inside = {a.id for a in m.agents.values()
                  if any(j[0].id in active for j in a.chats_at(t))}
        load = sum(sum(1 for j in a.chats_at(t) if j[0].id in active) for a in agents
                   if self.kind(a, t) == "online")
        visitors = {v for v in m.visitors() if m.on_site(v, t)}
        if self.department is not None:
            visitors &= {c.visitor for c, _ in chats}
        if self.start is not None:
            visitors = {v for v in visitors if m.stay_start(v, t) >= self.start}
        count = lambda wanted: sum(1 for _, s in chats if s == wanted)
        return {"agentsInChat": len(inside), "ongoingChats": count("active") + count("bot"),
                "ongoingChatsWithAgent": count("active"), "ongoingChatsWithBot": count("bot"),
                "currentQueueLength": count("waiting"), "visitorOnSite": len(visitors),
                "loggedInAgents": sum(1 for a in agents if self.kind(a, t) != "offline"),
                "chatUtilization": Double(load, self.online_limit(agents))}

    # --- section 6 ---

    def Today(self):
        m, start, end, d = self.m, self.start, self.t, self.department
        inside = lambda t: start <= t < end
        mine = lambda c: d is None or (c.requested is not None and c.request_department == d)
        requests = [c for c in m.chats.values()
                    if c.requested is not None and inside(c.requested) and mine(c)]
        accepted = [c for c in requests if c.accepted is not None]
        bot_only = [c for c in m.chats.values() if d is None and c.requested is None and
                    c.begun is not None and inside(c.begun)]
        first = [c.first_wait for c in requests if c.first_wait is not None]
        outcome = lambda *kinds: sum(1 for _, o in first if o in kinds)
        over = [c.ended - c.accepted for c in accepted if c.ended is not None]
        replies = [r for c in m.chats.values() if mine(c) for t, r in c.replies if inside(t)]
        named = lambda rows: sum(1 for t, x in rows if inside(t) and (d is None or x == d))
        scores = []
        for c in m.chats.values():
            given = [s for t, s in c.ratings if inside(t)]
            if given and mine(c):
                scores.append(given[-1])
        agents = [a for a in m.agents.values() if d is None or self.is_member(a, d, end)]
        both = logged_in = 0
        if start < end:
            for a in agents:
                both += self.busy(a, start, end, also_logged_in=True)
                logged_in += sum(us for s, us in self.statuses(a, start, end).items()
                                 if m.kinds.get(s, "away") != "offline")
        mean = lambda values: Double(sum(values), len(values) * 10**6)
        visitors = len({c.visitor or ("own", c.id) for c in accepted})
        return {"chatRequests": len(requests), "totalChats": len(accepted) + len(bot_only),
                "chats": len(accepted), "chatAcceptanceRate": Double(len(accepted), len(requests)),
                "abandondedChats": outcome("abandoned"),
                "switchedToMessageChats": outcome("switchedToMessage"),
                "missedChats": outcome("abandoned", "switchedToMessage", "missed"),
                "avgWaitingTime": mean([w for w, _ in first]), "avgChatTime": mean(over),
                "agentAvgResponseTime": mean(replies),
                "acceptedInvitations": named(m.invitations),
                "serviceAccessibilityRate":
                    Double(len(requests), len(requests) + named(m.offline_messages)),
                "departmentTransferredChats": sum(1 for c in requests if c.department_transfers),
                "totalTransferredChats": sum(1 for c in requests if c.transfers),
                "uniqueChatRate": Double(visitors, len(accepted)),
                "agentUtilization": Double(both, logged_in),
                "avgScore": Double(Fraction(sum(scores)), len(scores))}

    # --- section 7 ---

    def Agents(self):
        t = self.t
        start = self.start
        if start is None:
            local = t + self.offset * MINUTE
            start = local - local % DAY - self.offset * MINUTE
        chosen = [a for a in self.m.agents.values() if a.there.at(t) is not None and
                  (self.agent is None or a.id == self.agent) and
                  (self.department is None or self.is_member(a, self.department, t))]
        chosen.sort(key=lambda a: (self.agent_name(a).encode(), a.id))
        first = (self.index - 1) * self.size
        return {"total": len(chosen), "pageCount": -(-len(chosen) // self.size),
                "list": [self.agent_entry(a, start) for a in chosen[first:first + self.size]],
                "pageIndex": self.index, "pageSize": self.size}

    def agent_name(self, a):
        return a.facts.at(self.t).get("displayName", a.id)

    def agent_entry(self, a, start):
        t = self.t
        joined = {j[0].id for j in a.joins if start <= j[1] < t}
        times = self.statuses(a, start, t) if start < t else {}
        return {"agentId": a.id, "displayName": self.agent_name(a),
                "currentStatusId": a.status.at(t), "ongoingChats": len(a.chats_at(t)),
                "maxConcurrentChats": self.limit(a, t), "intradayChats": len(joined),
                "intradayLinearChatTime":
                    span_text(self.busy(a, start, t) if start < t else 0),
                "statusDistribution":
                    {s: span_text(us) for s, us in sorted(times.items()) if us}
                    if self.distribution else {}}

    # --- section 8 ---

    def Queue(self):
        m, t = self.m, self.t
        routes = {("department", d.id) for d in m.departments.values()
                  if d.there.at(t) and d.facts.at(t).get("isAvailableInLiveChat", True)}
        for c in m.chats.values():
            if c.state.at(t) in ("waiting", "active"):
                routes.add(c.route.at(t))
        routes |= {route for x, route, _, _ in m.ended_waits if t - 60 * MINUTE < x <= t}
        if self.department is not None or self.agent is not None:
            routes &= {("department", self.department), ("agent", self.agent)}
        rank = {"site": 0, "department": 1, "agent": 2}
        return [self.queue_entry(r) for r in
                sorted(routes, key=lambda r: (rank[r[0]], self.route_name(r).encode(), r[1] or ""))]

    def route_name(self, route):
        kind, ident = route
        if kind == "department":
            return self.m.department(ident).facts.at(self.t).get("name", ident)
        return self.agent_name(self.m.agent(ident)) if kind == "agent" else ""

    def queue_entry(self, route):
        m, t = self.m, self.t
        kind, ident = route
        at = [c for c in m.chats.values() if c.route.at(t) == route]
        waiting = [c for c in at if c.state.at(t) == "waiting"]
        ended = lambda minutes, *kinds: [
            w for x, r, w, o in m.ended_waits
            if r == route and t - minutes * MINUTE < x <= t and (not kinds or o in kinds)]
        mean = lambda waits: span_text(round(Fraction(sum(waits), len(waits))) if waits else 0)
        agents = {"site": lambda: m.agents.values(),
                  "agent": lambda: [a for a in m.agents.values() if a.id == ident],
                  "department": lambda: [a for a in m.agents.values()
                                         if self.is_member(a, ident, t)]}[kind]()
        visitors = [{"visitorId": c.visitor, "contactIdentityId": self.contact(c),
                     "waitTime": t - c.wait_start.at(t)} for c in waiting]
        visitors.sort(key=lambda v: (-v["waitTime"], v["visitorId"] is not None,
                                     v["visitorId"] or "", v["contactIdentityId"] is not None,
                                     v["contactIdentityId"] or ""))
        for v in visitors:
            v["waitTime"] = span_text(v["waitTime"])
        return {"routeToDepartmentId": ident if kind == "department" else None,
                "routeToDepartment": self.department_object(ident) if kind == "department" else None,
                "routeToAgentId": ident if kind == "agent" else None,
                "routeToAgent": self.agent_object(ident) if kind == "agent" else None,
                "ongoingChats": sum(1 for c in at if c.state.at(t) == "active"),
                "maxConcurrentChats": self.online_limit(agents),
                "currentQueueLength": len(waiting),
                "avgWaitTimeinLast30Mins": mean(ended(30)),
                "avgWaitTimeinLast60Mins": mean(ended(60)),
                "abandonedChatsinLast30Mins": len(ended(30, "abandoned")),
                "switchedToMessagesinLast30Mins": len(ended(30, "switchedToMessage")),
                "visitors": visitors}

    def contact(self, c):
        """docs/decisions/0006: the chat's, else the visitor's latest named one."""
        named = [x for at, seen, x in self.m.marks.get(c.visitor, ()) if at <= self.t and seen and x]
        return c.contact or (named[-1] if named else None)

    def department_object(self, ident):
        d = self.m.department(ident)
        facts = d.facts.at(self.t)
        return {"id": ident, "siteId": self.m.site, "name": facts.get("name", ident),
                "description": facts.get("description"),
                "isAvailableInLiveChat": facts.get("isAvailableInLiveChat", True),
                "isAvailableInTicketingAndMessaging":
                    facts.get("isAvailableInTicketingAndMessaging", False),
                "isDeleted": d.deleted.at(self.t)}

    def agent_object(self, ident):
        a = self.m.agent(ident)
        facts, deleted = a.facts.at(self.t), a.deleted.at(self.t)
        created = a.there.at(self.t)
        if deleted:   # when the life that was deleted began
            lives = [x for x in a.there.values[:len([y for y in a.there.times if y <= self.t])]
                     if x is not None]
            created = lives[-1]
        locked = facts.get("isLocked", False)
        return {"id": ident, "displayName": self.agent_name(a), "email": facts.get("email"),
                "isAdmin": facts.get("isAdmin", False), "siteId": self.m.site,
                "firstName": facts.get("firstName"), "lastName": facts.get("lastName"),
                "isActive": facts.get("isActive", True), "phone": facts.get("phone"),
                "title": facts.get("title"), "bio": facts.get("bio"), "apiKey": None,
                "createdTime": instant_text(created) if created is not None else None,
                "isLocked": locked,
                "lockedTime": instant_text(facts["lockedTime"]) if locked else None,
                "isDeleted": deleted, "systemAvatarId": None,
                "ifCustomizeAvatar": bool(facts.get("avatar")),
                "customizeAvatar": facts.get("avatar"), "avatar": facts.get("avatar"),
                "departmentIds": facts.get("members", [])}
