"""Words of closed lists (`kind`, `channel`, …), brought into one spelling for all later stages.

    tickets.kind      "Complaint ", "жалоба"        complaint
    contacts.channel  "E-mail", "звонок"            email, phone
    consents.purpose  "Profiling"                   profiling
    events.kind       "app-open", "AppOpen"         app_open
    contacts.arm      "Control group", "контроль"   holdout

Words that differ only in capitals, spaces, hyphens or underscores are the same. An unknown word is
kept, in small letters with underscores, and named in the usability report. An unknown arm is
refused: customers who were not contacted would count as contacted.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Literal

import pandas as pd

from core.errors import TableError
from sources.contract import Table
from sources.cures import literal, own, pasted
from sources.notes import Counted, Note, Said
from sources.params import SourceParams

Arm = Literal["treated", "holdout"]
TREATED: Arm = "treated"
HOLDOUT: Arm = "holdout"  # noted, and not contacted
DO_NOTHING = "do_nothing"  # the action_id of who gets none
NO_CHANNEL = "none"  # what was not sent by any: a word here, and no empty cell
ARM = "arm"
MAX_WORDS_NAMED = 5  # unknown words that are named
CHANNELS = {
    "email": (
        "mail address",
        "почта",
        "электронная почта",
        "эл. почта",
        "имейл",
        "емейл",
    ),
    "phone": ("call", "phone call", "telephone", "звонок", "телефон", "телефонный звонок"),
    "sms": ("text message", "смс", "смс-сообщение"),
    "post": ("letter", "postal", "бумажное письмо", "почта россии"),
    "app": ("mobile app", "приложение", "мобильное приложение"),
    "push": ("push notification", "пуш", "пуш-уведомление"),
    "whatsapp": ("ватсап", "вотсап", "вацап"),
    "telegram": ("телеграм", "телеграмм"),
    "viber": ("вайбер",),
    "chat": ("чат",),
    "store": ("in store", "магазин", "в магазине"),
    "web": ("website", "site", "сайт"),
    "all": ("any", "every channel", "all channels", "все", "любой", "все каналы"),
    NO_CHANNEL: ("no channel", "нет", "без канала"),
}
VOCABULARY: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]] = {
    ("contacts", ARM): {
        TREATED: (
            *("treatment", "treat", "treatment group", "target", "target group", "contacted"),
            *("test", "test group", "exposed", "воздействие", "целевая", "целевая группа"),
            *("тест", "тестовая", "тестовая группа", "контакт"),
        ),
        HOLDOUT: (
            *("hold-out group", "control", "control group", "withheld", "not contacted"),
            *("контроль", "контрольная", "контрольная группа", "без контакта"),
        ),
    },
    ("contacts", "channel"): CHANNELS,
    ("consents", "channel"): CHANNELS,
    ("events", "channel"): CHANNELS,
    ("consents", "purpose"): {
        "profiling": ("profile", "профилирование", "профайлинг"),
        "marketing": ("advertising", "ads", "promotion", "реклама", "маркетинг", "рассылка"),
        "service": (
            *("transactional", "transaction", "transactions", "order updates"),
            *("сервис", "обслуживание", "сервисные", "транзакционные"),
        ),
    },
    ("tickets", "kind"): {
        "complaint": ("complaints", "complain", "жалоба", "жалобы", "претензия"),
        "question": ("questions", "inquiry", "enquiry", "вопрос", "вопросы"),
        "request": ("service request", "запрос", "просьба", "заявка"),
        "return": ("refund", "return request", "возврат"),
        "praise": ("compliment", "thanks", "благодарность", "похвала"),
        "other": ("misc", "другое", "прочее"),
    },
    ("tickets", "priority"): {
        "low": ("minor", "низкий", "низкая"),
        "normal": ("medium", "средний", "средняя", "обычный", "обычная"),
        "high": ("major", "высокий", "высокая"),
        "urgent": ("critical", "срочный", "срочно", "критический", "критичный"),
    },
    ("surveys", "kind"): {
        "nps": ("net promoter score", "nps score", "нпс"),
        "csat": ("customer satisfaction", "satisfaction", "удовлетворенность"),
    },
    ("events", "kind"): {
        "visit": ("visits", "визит", "посещение"),
        "app_open": ("app opened", "open app", "открытие приложения", "вход в приложение"),
        "email_open": ("email opened", "open email", "открытие письма"),
        "email_click": ("email clicked", "click email", "клик в письме", "переход из письма"),
        "campaign_exposed": ("campaign exposure", "показ кампании"),
        "coupon_redeemed": (
            "coupon redemption",
            "redeemed coupon",
            "погашение купона",
            "купон погашен",
        ),
        "loyalty_points": ("points", "баллы", "бонусы"),
        "referral": ("referred friend", "рекомендация", "приведи друга"),
        "share": ("shared", "поделился", "репост"),
    },
    ("calendar", "kind"): {
        "closure": (
            *("closures", "closed", "shut", "we are closed", "закрыто", "закрыт", "закрыты"),
            *("закрытие", "не работаем", "выходной", "нерабочий день"),
        ),
        "promotion": ("promotions", "promo", "акция", "акции", "промо", "промоакция"),
        "holiday": ("holidays", "public holiday", "bank holiday", "праздник", "праздничный день"),
    },
}
TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "1.0", "да", "д", "истина"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "0.0", "нет", "н", "ложь"})
YES_WORDS = (
    TRUE_WORDS
    | {"on"}
    | {"granted", "given", "opt-in", "opt_in", "opted in", "subscribed", "согласие", "подписан"}
)
NO_WORDS = (
    FALSE_WORDS
    | {"off"}
    | {"refused", "denied", "revoked", "withdrawn", "opt-out", "opt_out", "opted out"}
    | {"unsubscribed", "отказ", "отозвано", "отписан"}
)


def in_known_words(
    rows: pd.DataFrame, table: Table, params: SourceParams
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """The rows with the words of the lists, and a note for each column that holds others.

    Raises TableError for an arm that is not known.
    """
    notes = []
    for (name, column), words in VOCABULARY.items():
        if name != table.name or column not in rows.columns:
            continue
        written = rows[column].dropna()
        meant = _words(written.unique(), words)
        rows = rows.assign(**{column: rows[column].map(meant).astype("str")})
        unknown = written[~written.map(meant).isin(list(words))].value_counts()
        if unknown.empty:
            continue
        if column == ARM:
            raise _unknown_arm(unknown, table, params)
        counts = {str(word): int(count) for word, count in unknown.items()}
        notes.append(_unknown_words(counts, column, words))
    return rows, tuple(notes)


def channel_word(text: str) -> str:
    """A channel as the tables name it, for what is set in params.yaml and the catalogue."""
    return _words([text], CHANNELS)[text]


def purpose_word(text: str) -> str:
    """A purpose of a consent as the tables name it."""
    return known_word("consents", "purpose", text)


@lru_cache(maxsize=10_000)
def known_word(table: str, column: str, text: str) -> str:
    """A word of a column as the tables have it; text of a column without a list stays as it is."""
    words = VOCABULARY.get((table, column))
    return text if words is None else _words([text], words)[text]


def _words(texts: Iterable[str], words: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    known = {_key(way): word for word, ways in words.items() for way in (word, *ways)}
    return {text: known.get(_key(text), _plain(text)) for text in texts}


def _key(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower().replace("ё", "е")) or text


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "_", text.strip().lower())


def _unknown_arm(unknown: "pd.Series[int]", table: Table, params: SourceParams) -> TableError:
    cases = " ".join(f"WHEN {literal(word)} THEN '{TREATED}'" for word in unknown.index)
    column = f"trim(CAST({own(ARM, table, params)} AS VARCHAR))"
    cure = pasted("derive", {table.name: {ARM: f"CASE {column} {cases} ELSE {column} END"}}, params)
    listed = _listed([(str(word), int(count)) for word, count in unknown.items()])
    return TableError(
        f"contacts: {int(unknown.sum()):,} rows have an arm that is neither treated (the contact "
        f"was made) nor holdout (it was withheld): {listed}. Say which is which below "
        f"source in params.yaml, with 'holdout' where nobody was contacted: {cure}"
    )


def _unknown_words(
    unknown: Mapping[str, int], column: str, words: Mapping[str, tuple[str, ...]]
) -> Note:
    often = sorted(unknown.items(), key=lambda pair: -pair[1])
    return Note(
        "unknown_words",
        "advice",
        column,
        sum(unknown.values()),
        f"words that are not known, kept: {_listed(often)}. Known are {', '.join(words)}.",
        "If one of them means a known word, map it with source.derive; what means something else "
        "stays as it is.",
        Said(
            "unknown_words",
            named=[
                Said("count_of", name=word, count=count) for word, count in often[:MAX_WORDS_NAMED]
            ],
            more=len(unknown) - MAX_WORDS_NAMED if len(unknown) > MAX_WORDS_NAMED else None,
            known=", ".join(words),
        ),
        Counted(unknown, partial(_unknown_words, column=column, words=words)),
    )


def _listed(unknown: Sequence[tuple[str, int]]) -> str:
    named = ", ".join(f"{word} ({count:,})" for word, count in unknown[:MAX_WORDS_NAMED])
    more = len(unknown) - MAX_WORDS_NAMED
    return named + (f" and {more:,} more" if more > 0 else "")
