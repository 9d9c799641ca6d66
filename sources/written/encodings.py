"""CSV files that are not UTF-8 or have mixed line ends are read from a corrected copy.

A byte order mark, or every other byte empty, proves UTF-16. Encodings of one byte per character are
told apart by their letters: Cyrillic letters stand in words of their own, accented ones among plain
letters. Where that is not enough, `source.encoding` has to say it.
"""

import codecs
import re
from pathlib import Path

from core.errors import SourceError

AUTO = "auto"
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE = 1_000_000  # bytes from which the encoding is told
FREQUENT = frozenset("оеаинтсрвлкмдпуя")
CYRILLIC = ("cp1251", "cp866", "koi8_r")
ENOUGH = 0.5  # share of the letters beyond ASCII that fit


def encoding_of(path: Path) -> str | None:
    """The encoding of a text file; None where its bytes do not show it."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    for mark, name in MARKS:
        if start.startswith(mark):
            return name
    if start.count(0) > len(start) / 20:  # in text of one byte a character there is none
        return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # its last character may be cut
    except UnicodeDecodeError:
        return _of_single_bytes(start)
    return "utf-8"


def mended(path: Path, folder: Path, declared: str = AUTO, name: str | None = None) -> Path:
    """A copy in UTF-8 with one kind of line ends, in `folder`; messages call the file `name`.

    Raises SourceError where the encoding is not known, or not the declared one.
    """
    encoding, name = encoding_of(path) if declared == AUTO else declared, name or str(path)
    if encoding is None:
        raise SourceError(
            f"{name} is not UTF-8, and its letters do not tell which encoding it has. Name it in "
            "params.yaml, for example source.encoding: cp1252, or write the file anew: iconv -f "
            f"cp1252 -t utf-8 {path.name} > utf8.csv."
        )
    try:
        text = path.read_bytes().decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{name} is not {encoding} throughout (byte {error.start:,} is none of its characters)."
            " Put the right encoding into source.encoding in params.yaml; of several exports in "
            "one file each is saved in UTF-8 by itself."
        ) from None
    copy = folder / f"{path.stem}.utf8.csv"
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    copy.write_text(lines, encoding="utf-8", newline="\n")
    return copy


def _of_single_bytes(start: bytes) -> str | None:
    letters = [cell for cell in re.split(rb"[\x00-\x7f\xa0]+", start) if cell]
    words = [word for word in letters if len(word) > 1]
    if sum(map(len, words)) <= ENOUGH * sum(map(len, letters)):
        return "cp1252"
    scores = {name: _likely(words, name) for name in CYRILLIC}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > ENOUGH else None


def _likely(words: list[bytes], encoding: str) -> float:
    """Share of letters that are frequent, in words written as words are: small, capitals, Title.

    Small letters count a little more: one Cyrillic encoding read as another exchanges the cases.
    """
    found = 0.0
    for word in words:
        text = word.decode(encoding, errors="replace")
        if text.islower() or text.isupper() or text.istitle():
            found += sum((letter.lower() in FREQUENT) + 0.2 * letter.islower() for letter in text)
    return found / (1.2 * sum(map(len, words)))
