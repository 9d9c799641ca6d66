"""The morning digest as a letter and as files, and who gets which."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.errors import MailError, RegularsError
from serving.cards.action_words import action_name
from serving.cards.stored import Card
from serving.settings import Reader, Settings
from serving.store.reading import current
from serving.store.visible import only_of
from serving.web.convertors import id_in_path
from serving.web.page import suffix, words_of
from serving.web.templates import templates
from serving.wording.languages import Language
from serving.wording.sentences import sentence
from serving.work.digest import Digest, Due, digest_of, is_contact, note_sent, was_sent
from serving.work.mail import Letter, send

LONGEST_NAME = 80  # of a file, without its ending
WHOLE = "all"


@dataclass(frozen=True)
class Wanted:
    """Which digests to make. `folder`: into files there; None: by mail. `again`: also if sent."""

    folder: Path | None = None
    owners: Sequence[str] = ()
    language: Language | None = None
    again: bool = False


def send_digests(engine: Engine, settings: Settings, wanted: Wanted) -> Iterator[str]:
    """Make the digests, and say of each what became of it.

    One that fails keeps no other from being made; MailError is raised at the end where any did.
    """
    made = _written if wanted.folder is not None else _mailed
    known = set(current(engine).owners)
    readers = list(_readers(settings, wanted, sorted(known)))
    if not readers:
        raise MailError(
            "Nobody is to get a digest: name readers in REGULARS_DIGEST_TO (owner=address, by "
            "commas; * is everybody's customers), or write files with --out."
        )
    failed = 0
    for reader in readers:
        whose = reader.owner or "everybody"
        try:
            if reader.owner is not None and reader.owner not in known:
                there = ", ".join(sorted(known)[:20]) or "nobody"
                raise MailError(f"no customer of the release is theirs; these have some: {there}.")
            yield f"{whose}: {made(engine, settings, wanted, reader)}"
        except RegularsError as error:
            failed += 1
            yield f"{whose}: failed. {error}"
    if failed:
        raise MailError(f"{failed} of {len(readers)} digests failed; the lines above say why.")


def letter_of(digest: Digest, settings: Settings, language: Language, to: str) -> Letter:
    """The digest in the reader's language, as HTML and as plain text."""
    words = words_of(language, digest.release.currency)
    values = {
        **words,
        "facts": partial(_facts, words),
        "digest": digest,
        "who": _Customers(settings, language),
        "action": lambda action: action_name(action, digest.release.actions, language),
        "home": settings.digest_url + "/" + suffix({"language": [language]}),
    }
    key = "digest.subject" if digest.owner is None else "digest.subject_of"
    subject = sentence(key, language, owner=digest.owner, date=digest.day)
    html, text = (
        templates.get_template(f"digest.{form}").render(**values, subject=subject)
        for form in ("html", "txt")
    )
    return Letter(settings.digest_from, to, subject, re.sub(r"\n{3,}", "\n\n", text), html)


def _facts(words: Mapping[str, Any], one: Due, key: str | None) -> list[str]:
    """What a line says of a task or step: its day, in this message, whose it is, of whom."""
    day = [words["t"](key, date=one.due_on)] if key and one.due_on else []
    whose = [words["person"](one.who)] if one.who else []
    return [*day, *whose, *(_risk_and_worth(words, one.card) if one.card else [])]


def _risk_and_worth(words: Mapping[str, Any], card: Card) -> list[str]:
    t, risk, value = words["t"], card["churn_risk"], card["value_at_risk"]
    known = risk is not None
    told = t("digest.risk", churn_risk=risk) if known else t(f"risk_band.{card['risk_band']}")
    return [told, *([t("digest.worth", value_at_risk=value)] if value is not None else [])]


class _Customers:
    """How letters name customers and lead to them: never by what is contact data."""

    def __init__(self, settings: Settings, language: Language) -> None:
        self._url, self._language = settings.digest_url, language
        self._names = settings.digest_names

    def name(self, customer_id: str, name: str | None = None) -> str:
        """The id; the name where names are wanted; a word where both could be called or written."""
        for text in (name if self._names else None, customer_id):
            if text and not is_contact(text):
                return " ".join(text.split())
        return sentence("digest.somebody", self._language)

    def url(self, customer_id: str) -> str:
        """The customer's page; the list where the id itself is contact data."""
        path = "/" if is_contact(customer_id) else f"/customers/{id_in_path(customer_id)}"
        return self._url + path + suffix({"language": [self._language]})


def _readers(settings: Settings, wanted: Wanted, owners: list[str]) -> Iterator[Reader]:
    """Who gets which: by mail those who are set, in files every owner and the whole."""
    asked: list[Any] = list(wanted.owners)
    if wanted.folder is None:
        found = settings.readers
    else:
        found = [Reader(owner, "", None) for owner in (None, *owners)]
        found += [Reader(owner, "", None) for owner in asked if owner not in owners]
    for reader in found:
        if not asked or reader.owner in asked:
            language = wanted.language or reader.language or settings.language
            yield Reader(reader.owner, reader.address, language)


def _made(engine: Engine, settings: Settings, reader: Reader) -> tuple[Digest, Letter]:
    seen = engine if reader.owner is None else only_of(engine, [reader.owner])
    digest = digest_of(seen, reader.owner)
    language = reader.language or settings.language
    return digest, letter_of(digest, settings, language, reader.address)


def _mailed(engine: Engine, settings: Settings, wanted: Wanted, reader: Reader) -> str:
    server = settings.mail_server
    if server is None or not settings.digest_from:
        raise MailError(
            "There is no mail server: set REGULARS_SMTP_URL and REGULARS_DIGEST_FROM, or write "
            "files with --out."
        )
    digest, letter = _made(engine, settings, reader)
    address = hashlib.sha256(reader.address.encode()).hexdigest()[:12]
    about = f"digest {digest.day} of {reader.owner or '*'} to {address}"
    if was_sent(engine, about) and not wanted.again:
        return "was sent today already; --again sends it once more"
    send(server, letter)
    note_sent(engine, about)
    return f"sent to {reader.address}"


def _written(engine: Engine, settings: Settings, wanted: Wanted, reader: Reader) -> str:
    digest, letter = _made(engine, settings, reader)
    folder = wanted.folder or Path()
    names = Counter(_safe(owner).casefold() for owner in (*current(engine).owners, WHOLE))
    name = WHOLE if reader.owner is None else _file_name(reader.owner, names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for form, text in (("html", letter.html), ("txt", letter.text)):
            (folder / f"{digest.day}-{name}.{form}").write_text(text, encoding="utf-8")
    except OSError as error:
        raise MailError(
            f"The folder {folder} cannot be written ({error.strerror}): name another with --out."
        ) from None
    return f"written to {folder / f'{digest.day}-{name}'}.html and .txt"


def _safe(owner: str) -> str:
    """The owner as a part of a file's name on any system."""
    return re.sub(r"[^\w-]+", "-", owner).strip("-_")[:LONGEST_NAME]


def _file_name(owner: str, names: Counter[str]) -> str:
    """A file name of the owner's own: one that others could share gets a mark of the owner."""
    safe = _safe(owner)
    if safe == owner and names[safe.casefold()] < 2:
        return safe
    return f"{safe}-{hashlib.sha256(owner.encode()).hexdigest()[:8]}".strip("-")
