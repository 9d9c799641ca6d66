"""The time zone meant by a name that is not an IANA zone: MSK, UTC+3, Moscow."""

import re
from zoneinfo import available_timezones

from core.errors import nearest

# Abbreviations that are no names of zones, and how people and Windows call zones.
MEANT = {
    "msk": "Europe/Moscow",
    "мск": "Europe/Moscow",
    "москва": "Europe/Moscow",
    "russian standard time": "Europe/Moscow",
    "est": "America/New_York",
    "edt": "America/New_York",
    "et": "America/New_York",
    "eastern": "America/New_York",
    "eastern standard time": "America/New_York",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "ct": "America/Chicago",
    "central standard time": "America/Chicago",
    "mdt": "America/Denver",
    "mountain standard time": "America/Denver",
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "pt": "America/Los_Angeles",
    "pacific": "America/Los_Angeles",
    "pacific standard time": "America/Los_Angeles",
    "akst": "America/Anchorage",
    "bst": "Europe/London",
    "gmt standard time": "Europe/London",
    "ist": "Asia/Kolkata",
    "india standard time": "Asia/Kolkata",
    "cest": "Europe/Berlin",
    "mez": "Europe/Berlin",
    "mesz": "Europe/Berlin",
    "central europe standard time": "Europe/Budapest",
    "central european standard time": "Europe/Warsaw",
    "w. europe standard time": "Europe/Berlin",
    "romance standard time": "Europe/Paris",
    "eest": "Europe/Helsinki",
    "fle standard time": "Europe/Helsinki",
    "trt": "Europe/Istanbul",
    "jst": "Asia/Tokyo",
    "tokyo standard time": "Asia/Tokyo",
    "kst": "Asia/Seoul",
    "china standard time": "Asia/Shanghai",
    "beijing": "Asia/Shanghai",
    "sgt": "Asia/Singapore",
    "hkt": "Asia/Hong_Kong",
    "aest": "Australia/Sydney",
    "aedt": "Australia/Sydney",
    "awst": "Australia/Perth",
    "nzst": "Pacific/Auckland",
    "nzdt": "Pacific/Auckland",
    "sast": "Africa/Johannesburg",
    "brt": "America/Sao_Paulo",
    "екатеринбург": "Asia/Yekaterinburg",
    "самара": "Europe/Samara",
    "новосибирск": "Asia/Novosibirsk",
    "владивосток": "Asia/Vladivostok",
    "киев": "Europe/Kyiv",
    "минск": "Europe/Minsk",
    "алматы": "Asia/Almaty",
    "st. petersburg": "Europe/Moscow",
    "z": "UTC",
}
OFFSET = re.compile(r"(?:utc|gmt|msk|мск)?\s*([-+−–])\s*(\d{1,2})(?::?(\d{2}))?")
MOSCOW_HOURS = 3  # MSK+4 is four hours ahead of Moscow
PARTS_OF_HOURS = {  # minutes from UTC, of zones that have no name of the kind Etc/GMT-3
    -570: "Pacific/Marquesas",
    -210: "America/St_Johns",
    210: "Asia/Tehran",
    270: "Asia/Kabul",
    330: "Asia/Kolkata",
    345: "Asia/Kathmandu",
    390: "Asia/Yangon",
    570: "Australia/Darwin",
    630: "Australia/Lord_Howe",
    765: "Pacific/Chatham",
}
WEST, EAST = -12, 14  # hours of the zones of the kind Etc/GMT-3


def meant_zone(name: str) -> str | None:
    """The zone that a name means, or the one that it looks like; None where it is neither."""
    plain = re.sub(r"\s+", " ", name.strip().lower())
    if plain in MEANT:
        return MEANT[plain]
    if offset := OFFSET.fullmatch(plain):
        return _by_offset(plain, offset)
    zones = sorted(available_timezones())
    for zone in zones:
        city = zone.lower().rsplit("/", 1)[-1]
        if plain.replace(" ", "_") in (zone.lower(), city):
            return zone
    return nearest(name, zones)


def _by_offset(plain: str, offset: "re.Match[str]") -> str | None:
    minutes = int(offset[2]) * 60 + int(offset[3] or 0)
    if offset[1] != "+":
        minutes = -minutes
    if plain.startswith(("msk", "мск")):
        minutes += 60 * MOSCOW_HOURS
    hours, rest = divmod(minutes, 60)
    if rest:
        return PARTS_OF_HOURS.get(minutes)
    if not WEST <= hours <= EAST:
        return None
    # The sign of these names is the other way round: Etc/GMT-3 is three hours ahead of UTC.
    return f"Etc/GMT{-hours:+}" if hours else "UTC"
