"""Random floors: every type of event, every odd turn, few entities in a short time, so
that everything meets everything. Repeatable by seed.

  floors.py --seed N --events M      prints one as NDJSON
"""
import argparse
import json
import random
import uuid

from ids import instant_text

SITE = 10000
START = 1_780_000_000 * 10**6
SPAN = 40 * 60 * 10**6
TEXTS = ("Ann", "Bo", "é中", " x", "", "a\"b\\c")


class Floor:
    def __init__(self, seed, count):
        self.dice = random.Random(seed)
        self.wide = self.dice.choice((1, 1, 3))      # some floors run over hours
        self.agents = [self.spelling(f"agent-{i}") for i in range(self.dice.randint(2, 5))]
        self.departments = [self.spelling(f"dept-{i}") for i in range(self.dice.randint(1, 4))]
        self.visitors = [self.spelling(f"visitor-{i}") for i in range(self.dice.randint(2, 6))]
        self.chats = [f"chat-{i}" for i in range(self.dice.randint(2, max(3, count // 8)))]
        self.contacts = ["contact-1", "contact-2"]
        self.statuses = ["lunch", "desk", "never-set", "online", "AWAY", "offline", "Online"]
        self.ends = {}
        self.events = [self.event(n) for n in range(count)]

    def spelling(self, text):
        """An outside id, or a GUID in one of its spellings."""
        made = uuid.UUID(int=self.dice.getrandbits(128))
        return self.dice.choice((text, text, str(made), str(made).upper(), "{%s}" % made, made.hex))

    def one(self, things):
        return self.dice.choice(things)

    def maybe(self, things, chance=0.5):
        return self.one(things) if self.dice.random() < chance else None

    def time(self):
        step = self.one((1, 10**6, 10**6, 60 * 10**6, 5 * 60 * 10**6))
        return START + self.dice.randrange(SPAN * self.wide // step) * step

    def event(self, number):
        kinds = (
            ("chat.requested", 14), ("chat.accepted", 18), ("chat.message", 16),
            ("chat.transferred", 8), ("chat.ended", 6), ("chat.agentLeft", 4), ("chat.rated", 5),
            ("chat.botStarted", 5), ("chat.abandoned", 2), ("chat.switchedToMessage", 2),
            ("chat.refused", 1), ("chat.missed", 1), ("visitor.seen", 7), ("visitor.left", 2),
            ("agent.statusChanged", 10), ("agent.updated", 5), ("agent.deleted", 1.2),
            ("department.updated", 3), ("department.deleted", 1), ("status.updated", 2),
            ("site.updated", 0.5), ("invitation.accepted", 2), ("invitation.sent", 0.5),
            ("invitation.refused", 0.5), ("offlineMessage.submitted", 2))
        kind = self.dice.choices([k for k, _ in kinds], [w for _, w in kinds])[0]
        event = {"id": f"e{self.dice.randrange(1000)}-{number}", "type": kind,
                 "time": instant_text(self.time()), "siteId": SITE}
        fields = getattr(self, kind.replace(".", "_"))()
        event.update({k: v for k, v in fields.items() if v is not None})
        if self.dice.random() < 0.1:
            event["unknownField"] = {"nested": [1, 2]}
        return event

    def chat(self, **fields):
        return {"chatId": self.one(self.chats), **fields}

    def chat_botStarted(self):
        return self.chat(visitorId=self.one(self.visitors), botId="bot",
                         contactIdentityId=self.maybe(self.contacts))

    def chat_requested(self):
        return self.chat(visitorId=self.one(self.visitors),
                         departmentId=self.maybe(self.departments, 0.7),
                         agentId=self.maybe(self.agents, 0.2),
                         contactIdentityId=self.maybe(self.contacts, 0.3),
                         source=self.maybe(("visitor", "manualInvitation", "autoInvitation")))

    def chat_transferred(self):
        department = self.maybe(self.departments, 0.7)
        return self.chat(fromAgentId=self.maybe(self.agents), toDepartmentId=department,
                         toAgentId=self.maybe(self.agents, 0.3) if department else
                         self.one(self.agents))

    def chat_accepted(self):
        return self.chat(agentId=self.one(self.agents), visitorId=self.maybe(self.visitors, 0.2))

    def chat_message(self):
        sender = self.one(("visitor", "visitor", "agent", "agent", "bot", "system"))
        return self.chat(sender=sender,
                         agentId=self.one(self.agents) if sender == "agent" else None)

    def chat_agentLeft(self):
        return self.chat(agentId=self.one(self.agents))

    def chat_rated(self):
        return self.chat(score=self.one((0, 1, 2.5, 3, 4.25, 5, 0.001, 3.333333)))

    def chat_refused(self):
        return self.chat(agentId=self.maybe(self.agents))

    def chat_abandoned(self):
        return self.chat()

    chat_switchedToMessage = chat_missed = chat_abandoned

    def chat_ended(self):
        return self.chat(endedBy=self.maybe(("visitor", "agent", "bot", "system")))

    def visitor_seen(self):
        return {"visitorId": self.one(self.visitors),
                "contactIdentityId": self.maybe(self.contacts, 0.3)}

    def visitor_left(self):
        return {"visitorId": self.one(self.visitors)}

    def agent_statusChanged(self):
        return {"agentId": self.one(self.agents), "statusId": self.one(self.statuses)}

    def agent_updated(self):
        return {"agentId": self.one(self.agents), "displayName": self.maybe(TEXTS),
                "email": self.maybe(TEXTS, 0.2), "firstName": self.maybe(TEXTS, 0.2),
                "lastName": self.maybe(TEXTS, 0.2), "title": self.maybe(TEXTS, 0.1),
                "bio": self.maybe(TEXTS, 0.1), "phone": self.maybe(TEXTS, 0.1),
                "avatar": self.maybe(TEXTS, 0.2), "isAdmin": self.maybe((True, False), 0.2),
                "isActive": self.maybe((True, False), 0.2),
                "isLocked": self.maybe((True, False), 0.3),
                "maxConcurrentChats": self.maybe((0, 1, 2, 3, 7)),
                "departmentIds": self.maybe((
                    [], self.departments, self.departments[:1], self.departments[-1:] * 2))}

    def agent_deleted(self):
        return {"agentId": self.one(self.agents)}

    def department_updated(self):
        return {"departmentId": self.one(self.departments), "name": self.maybe(TEXTS),
                "description": self.maybe(TEXTS, 0.3),
                "isAvailableInLiveChat": self.maybe((True, False), 0.4),
                "isAvailableInTicketingAndMessaging": self.maybe((True, False), 0.2)}

    def department_deleted(self):
        return {"departmentId": self.one(self.departments)}

    def status_updated(self):
        return {"statusId": self.one(("lunch", "desk", "online")), "name": "A status",
                "kind": self.one(("online", "away", "offline"))}

    def site_updated(self):
        return {"name": self.maybe(TEXTS), "utcOffset": self.one((0, 120, -330, 840))}

    def invitation_accepted(self):
        return {"invitationId": "i", "visitorId": self.one(self.visitors),
                "departmentId": self.maybe(self.departments),
                "kind": self.maybe(("manual", "auto"))}

    invitation_sent = invitation_refused = invitation_accepted

    def offlineMessage_submitted(self):
        return {"visitorId": self.maybe(self.visitors),
                "departmentId": self.maybe(self.departments)}


def times_of(floor):
    from ids import microseconds
    return [microseconds(e["time"]) for e in floor.events]


def random_questions(seed, floor, count):
    """Paths with queries: all views, all parameters, instants on events and beside them."""
    from urllib.parse import urlencode
    dice = random.Random(f"questions {seed}")
    times = times_of(floor) or [START]

    def near():
        return dice.choice(times) + dice.choice(
            (0, 0, 1, -1, 120 * 10**6, 120 * 10**6 + 1, 30 * 60 * 10**6, -30 * 60 * 10**6,
             60 * 60 * 10**6, dice.randrange(10**9)))

    def text(us, offset):
        if offset is not None and dice.random() < 0.5:
            return instant_text(us + offset * 60 * 10**6)[:-1]
        return instant_text(us)

    questions = []
    for _ in range(count):
        view = dice.choice(("Agents", "Queue", "Queue", "Today", "Today", "Today", "RightNow",
                            "RightNow"))
        a, b = sorted((near(), near()))
        if dice.random() < 0.05:
            b = a
        p = {}
        offset = dice.choice((None, None, 0, 120, -330, 840))
        if offset is not None and view != "Queue":
            p["utcOffset"] = offset
        local = offset if view != "Queue" else None
        if view == "Today" or (view != "Queue" and dice.random() < 0.5):
            p["startTime"] = text(a, local)
        if dice.random() < 0.85:
            p["endTime"] = text(b, local)
        if dice.random() < 0.4:
            p["departmentId"] = dice.choice(floor.departments + ["nobody"])
        if view in ("Agents", "Queue") and dice.random() < 0.2:
            p["agentId"] = dice.choice(floor.agents + ["nobody"])
        if view == "Agents":
            if dice.random() < 0.7:
                p["includeStatusDistribution"] = dice.choice(("true", "false", "True"))
            p["pageSize"] = dice.choice((1, 2, 5, 1000))
            p["pageIndex"] = dice.choice((1, 1, 1, 2, 3))
        questions.append(f"/v4/livechat/realTime/{view}?{urlencode(p)}")
    return questions


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--events", type=int, default=100)
    args = parser.parse_args()
    for event in Floor(args.seed, args.events).events:
        print(json.dumps(event, ensure_ascii=False))


if __name__ == "__main__":
    main()
