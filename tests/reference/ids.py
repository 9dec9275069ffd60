"""Outside ids to GUIDs, instants and TimeSpan texts (metrics.md sections 1 and 4)."""
import re
import uuid
from datetime import datetime, timedelta, timezone

BUILT_IN = {"online": uuid.UUID(int=0), "away": uuid.UUID(int=1), "offline": uuid.UUID(int=2)}
GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
                  r"|[0-9a-fA-F]{32}")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def guid(site, text):
    """The GUID of an id, in lower case with dashes."""
    plain = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    if GUID.fullmatch(plain):
        return str(uuid.UUID(plain))
    space = uuid.uuid5(uuid.NAMESPACE_URL, f"site:{site}")
    return str(uuid.uuid5(space, text))


def status_guid(site, text):
    """The same of a status; the built-in names in any case."""
    return str(BUILT_IN[text.lower()]) if text.lower() in BUILT_IN else guid(site, text)


def microseconds(text, offset_minutes=0):
    """An instant; local by the offset when it has no zone."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    since = at - EPOCH
    return (since.days * 86400 + since.seconds) * 10**6 + since.microseconds


def instant_text(us):
    """UTC with Z, the fraction in 3 or 6 digits, only when there is one."""
    at = EPOCH + timedelta(microseconds=us)
    text = at.strftime("%Y-%m-%dT%H:%M:%S")
    if us % 10**6 == 0:
        return text + "Z"
    fraction = f"{us % 10**6:06}"
    return f"{text}.{fraction[:3] if fraction.endswith('000') else fraction}Z"


def span_text(us):
    """[d.]hh:mm:ss[.fffffff]"""
    seconds, fraction = divmod(us, 10**6)
    days, seconds = divmod(seconds, 86400)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return (f"{days}." if days else "") + text + (f".{fraction:06}0" if fraction else "")
