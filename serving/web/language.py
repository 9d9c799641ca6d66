"""Which language an answer is in: what the URL says, else the browser, else the setting."""

from babel import negotiate_locale
from fastapi import Request

from serving.wording.languages import LANGUAGES, Language


def chosen_language(request: Request, asked: Language | None) -> Language:
    """`asked` where it is given, else the best of Accept-Language, else REGULARS_LANGUAGE."""
    if asked is not None:
        return asked
    wanted = []
    for part in request.headers.get("accept-language", "").split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), name.replace("-", "_")))
        except ValueError:
            continue
    names = [name for weight, name in sorted(wanted, key=lambda choice: choice[0]) if weight < 0]
    found = negotiate_locale(names, LANGUAGES)
    default: Language = request.app.state.settings.language
    return next((language for language in LANGUAGES if language == found), default)
