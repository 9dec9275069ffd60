"""The samples of the vendor's Real Time page: the floors that they show, built from
events; the bodies, key by key in order and text by text."""
import json
import unittest

from livefloor_server import Server

BASE = "/v4/livechat/realTime/"
DAY = "2026-05-20T"
SITE = 10000


def event(number, kind, time, **fields):
    return {"id": f"{number}", "type": kind, "time": f"{DAY}{time}Z", "siteId": SITE, **fields}


class Made:
    """Numbers events."""

    def __init__(self):
        self.events = []

    def add(self, kind, time, **fields):
        self.events.append(event(len(self.events), kind, time, **fields))


AGENTS = [
    ("51f36e1a-d521-43bf-a0a8-20cbade284e4", "srita2 chen"),
    ("841d966b-744b-405e-86d1-7e8c573ebc60", "srita chen 10001"),
    ("74ed2bc3-a41f-4dc8-9ae0-f562ebea5943", " frank 10001"),
    ("7bf10c1d-2973-4848-b08f-cd5195e6b337", "1 1"),
    ("ed22fff9-5000-4430-8a32-efb530c9f049", "1000 1"),
]


def agents_floor():
    """32 agents; two are online and in a chat each since before the window's start, so
    that they joined none in it."""
    made = Made()
    for agent, name in AGENTS:
        made.add("agent.updated", "00:00:00", agentId=agent, displayName=name)
    for number in range(27):
        made.add("agent.updated", "00:00:00", agentId=f"agent-{number}", displayName=f"x{number:02}")
    for agent, start in ((0, "05:06:02.950000"), (1, "11:39:21.735000")):
        made.add("agent.statusChanged", "00:00:01", agentId=AGENTS[agent][0], statusId="online")
        made.add("chat.requested", start, chatId=f"c{agent}", visitorId=f"v{agent}")
        made.add("chat.accepted", start, chatId=f"c{agent}", agentId=AGENTS[agent][0])
    return made.events


class VendorSamples(unittest.TestCase):
    maxDiff = None

    def answer(self, server, target):
        return server.get(BASE + target).decode()

    def test_agents(self):
        with Server(options=("--set", "retentionDays=0")) as server:
            server.post_events(agents_floor())
            text = self.answer(
                server, f"Agents?startTime={DAY}05:06:03Z&endTime={DAY}12:00:00Z&pageSize=1000")
            answer = json.loads(text)
            self.assertEqual(list(answer), ["total", "pageCount", "list", "pageIndex", "pageSize"])
            self.assertEqual((answer["total"], answer["pageCount"]), (32, 1))
            default = json.loads(self.answer(server, f"Agents?endTime={DAY}12:00:00Z"))
            self.assertEqual([default[k] for k in ("total", "pageCount", "pageIndex", "pageSize")],
                             [32, 7, 1, 5])
            self.assertEqual(len(default["list"]), 5)
            # By display name, bytewise: a blank comes before a digit, a digit before a letter.
            self.assertEqual([a["displayName"] for a in default["list"]],
                             [" frank 10001", "1 1", "1000 1", "srita chen 10001", "srita2 chen"])
            text = self.answer(
                server, f"Agents?startTime={DAY}05:06:02.95Z&endTime={DAY}12:00:00Z")
            # The sample's texts: a chat time with a fraction, none without, offline agents.
            self.assertIn(
                '{"agentId":"51f36e1a-d521-43bf-a0a8-20cbade284e4","displayName":"srita2 chen",'
                '"currentStatusId":"00000000-0000-0000-0000-000000000000","ongoingChats":1,'
                '"maxConcurrentChats":0,"intradayChats":1,'
                '"intradayLinearChatTime":"06:53:57.0500000","statusDistribution":{}}', text)
            self.assertIn(
                '{"agentId":"841d966b-744b-405e-86d1-7e8c573ebc60",'
                '"displayName":"srita chen 10001",'
                '"currentStatusId":"00000000-0000-0000-0000-000000000000","ongoingChats":1,'
                '"maxConcurrentChats":0,"intradayChats":1,'
                '"intradayLinearChatTime":"00:20:38.2650000","statusDistribution":{}}', text)
            self.assertTrue(text.startswith(
                '{"total":32,"pageCount":7,"list":[{"agentId":'
                '"74ed2bc3-a41f-4dc8-9ae0-f562ebea5943","displayName":" frank 10001",'
                '"currentStatusId":"00000000-0000-0000-0000-000000000002","ongoingChats":0,'
                '"maxConcurrentChats":0,"intradayChats":0,"intradayLinearChatTime":"00:00:00",'
                '"statusDistribution":{}},'), text[:400])
            self.assertTrue(text.endswith('],"pageIndex":1,"pageSize":5}'), text[-60:])

    def test_today_of_an_empty_day(self):
        with Server() as server:
            text = self.answer(server, f"Today?startTime={DAY}00:00:00&endTime={DAY}23:59:59")
        # The vendor's empty day says agentUtilization 1.0; a ratio without a
        # denominator is 0.0 here (metrics.md section 1).
        self.assertEqual(
            text,
            '{"chatRequests":0,"totalChats":0,"chats":0,"chatAcceptanceRate":0.0,'
            '"abandondedChats":0,"switchedToMessageChats":0,"missedChats":0,'
            '"avgWaitingTime":0.0,"avgChatTime":0.0,"agentAvgResponseTime":0.0,'
            '"acceptedInvitations":0,"serviceAccessibilityRate":0.0,'
            '"departmentTransferredChats":0,"totalTransferredChats":0,"uniqueChatRate":0.0,'
            '"agentUtilization":0.0,"avgScore":0.0}')

    def test_today_of_a_day_fully_used(self):
        """agentUtilization 1.0 as the sample shows it, and nothing else."""
        made = Made()
        made.add("agent.statusChanged", "00:00:00", agentId="a", statusId="online")
        made.add("chat.requested", "00:00:00", chatId="c", visitorId="v")
        made.add("chat.accepted", "00:00:00", chatId="c", agentId="a")
        with Server(options=("--set", "retentionDays=0")) as server:
            server.post_events(made.events)
            text = self.answer(server, f"Today?startTime={DAY}10:00:00&endTime={DAY}11:00:00")
        self.assertIn('"uniqueChatRate":0.0,"agentUtilization":1.0,"avgScore":0.0}', text)

    def test_right_now(self):
        made = Made()
        for agent in ("a", "b"):
            made.add("agent.statusChanged", "09:00:00", agentId=agent, statusId="online")
        made.add("chat.requested", "09:00:00", chatId="c", visitorId="v")
        made.add("chat.accepted", "09:00:00", chatId="c", agentId="a")
        made.add("chat.agentLeft", "09:00:01", chatId="c", agentId="a")
        with Server(options=("--set", "retentionDays=0")) as server:
            server.post_events(made.events)
            text = self.answer(server, f"RightNow?endTime={DAY}10:00:00")
        self.assertEqual(
            text,
            '{"agentsInChat":0,"ongoingChats":1,"ongoingChatsWithAgent":1,'
            '"ongoingChatsWithBot":0,"currentQueueLength":0,"visitorOnSite":1,'
            '"loggedInAgents":2,"chatUtilization":0.0}')

    def test_queue(self):
        """The swagger-like entry: every key, in its order."""
        guid = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
        made = Made()
        made.add("department.updated", "07:17:22.908", departmentId=guid, name="string",
                 description="string", isAvailableInLiveChat=True,
                 isAvailableInTicketingAndMessaging=True)
        made.add("agent.updated", "07:17:22.908", agentId=guid, displayName="string",
                 email="string", isAdmin=True, firstName="string", lastName="string",
                 isActive=True, phone="string", title="string", bio="string", isLocked=True,
                 avatar="string", departmentIds=[guid])
        made.add("chat.requested", "08:00:00", chatId="c", visitorId=guid, agentId=guid,
                 departmentId=guid, contactIdentityId=guid)
        with Server(options=("--set", "retentionDays=0")) as server:
            server.post_events(made.events)
            text = self.answer(server, f"Queue?endTime={DAY}08:00:00Z")
        department = (
            f'{{"id":"{guid}","siteId":10000,"name":"string","description":"string",'
            '"isAvailableInLiveChat":true,"isAvailableInTicketingAndMessaging":true,'
            '"isDeleted":false}')
        agent = (
            f'{{"id":"{guid}","displayName":"string","email":"string","isAdmin":true,'
            '"siteId":10000,"firstName":"string","lastName":"string","isActive":true,'
            '"phone":"string","title":"string","bio":"string","apiKey":null,'
            f'"createdTime":"{DAY}07:17:22.908Z","isLocked":true,'
            f'"lockedTime":"{DAY}07:17:22.908Z","isDeleted":false,"systemAvatarId":null,'
            '"ifCustomizeAvatar":true,"customizeAvatar":"string","avatar":"string",'
            f'"departmentIds":["{guid}"]}}')

        def entry(department_id, department_object, agent_id, agent_object, waiting):
            visitors = (f'[{{"visitorId":"{guid}","contactIdentityId":"{guid}",'
                        '"waitTime":"00:00:00"}]' if waiting else "[]")
            return (f'{{"routeToDepartmentId":{department_id},'
                    f'"routeToDepartment":{department_object},"routeToAgentId":{agent_id},'
                    f'"routeToAgent":{agent_object},"ongoingChats":0,"maxConcurrentChats":0,'
                    f'"currentQueueLength":{1 if waiting else 0},'
                    '"avgWaitTimeinLast30Mins":"00:00:00","avgWaitTimeinLast60Mins":"00:00:00",'
                    '"abandonedChatsinLast30Mins":0,"switchedToMessagesinLast30Mins":0,'
                    f'"visitors":{visitors}}}')

        self.assertEqual(text, "[" + entry(f'"{guid}"', department, "null", "null", False) + "," +
                         entry("null", "null", f'"{guid}"', agent, True) + "]")


if __name__ == "__main__":
    unittest.main()
