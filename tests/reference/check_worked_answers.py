"""The reference against the worked answers of the made scenarios (../shared/data)."""
import json
import os
import pathlib
import sys

from ids import microseconds
from model import Model
from views import Question


def agrees(got, want):
    if isinstance(want, float) or isinstance(got, float):
        return abs(got - want) <= 1e-6
    if isinstance(want, dict):
        return got.keys() == want.keys() and all(agrees(got[k], want[k]) for k in want)
    if isinstance(want, list):
        return len(got) == len(want) and all(map(agrees, got, want))
    return got == want


def comparable(target, answer):
    if "/Agents" in target:
        return answer["list"]
    if "/Queue" not in target:
        return answer
    return [{**{k: v for k, v in line.items()
                if k not in ("routeToDepartment", "routeToAgent", "visitors")},
             "waits": [v["waitTime"] for v in line["visitors"]],
             "visitors": [v["visitorId"] for v in line["visitors"]]} for line in answer]


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    data = pathlib.Path(os.environ.get("LIVEFLOOR_DATA", root.parent / "shared" / "data"))
    if not data.is_dir():
        print("skipped: the worked answers (../shared/data) are not here")
        return 0
    wrong = count = 0
    for number in (1, 2, 3):
        folder = data / "scenarios"
        events = [json.loads(line) for line in
                  (folder / f"scenario-{number}.ndjson").read_text().splitlines()]
        now = max(microseconds(e["time"]) for e in events) + 86400 * 10**6
        model = Model(events, 10000, now)
        for worked in json.loads((folder / f"scenario-{number}.answers.json").read_text()):
            got = comparable(worked["request"], Question(model, worked["request"]).answer())
            count += 1
            if not agrees(got, worked["answer"]):
                wrong += 1
                print(f"{worked['request']}\n got {got}\nwant {worked['answer']}")
    print(f"{count - wrong} of {count} worked answers agree with the reference")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
