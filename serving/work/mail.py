"""Mail: handed to one server, encrypted on the way, with every failure told in words."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from core.clock import utc_now
from core.errors import MailError
from serving.people.access import is_loopback
from serving.settings import MailServer

SECONDS = 20  # for each answer of the server


@dataclass(frozen=True)
class Letter:
    """A letter in both forms; which one is shown, the reader's program chooses."""

    sender: str
    to: str
    subject: str
    text: str
    html: str


def send(server: MailServer, letter: Letter) -> None:
    """Hand a letter over. Raises MailError; the password is in none of its words."""
    with _connected(server) as connection:
        connection.send_message(message(letter))


def message(letter: Letter) -> EmailMessage:
    """The letter as it goes over the line."""
    made = EmailMessage(policy=SMTP)
    made["Subject"] = " ".join(letter.subject.split())
    made["From"], made["To"] = letter.sender, letter.to
    made["Date"] = format_datetime(utc_now())
    made["Message-ID"] = make_msgid(domain=letter.sender.rpartition("@")[2])
    made["Auto-Submitted"] = "auto-generated"  # so that no absence answers it
    made.set_content(letter.text)
    made.add_alternative(letter.html, subtype="html")
    return made


@contextmanager
def _connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A connection that is encrypted and signed in."""
    where = f"{server.host}:{server.port}"
    safe = ssl.create_default_context()
    try:
        if server.is_encrypted:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=SECONDS, context=safe
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
        with connection:
            connection.ehlo()
            if not server.is_encrypted:
                _encrypt(connection, server, safe)
            if server.user is not None:
                connection.login(server.user, server.password or "")
            yield connection
    except smtplib.SMTPAuthenticationError as error:
        raise MailError(
            f"The mail server {where} does not take the name and password of REGULARS_SMTP_URL "
            f"({error.smtp_code}): mend them; write an @ within the password as %40."
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise MailError(
            f"The mail server {where} takes no sign-in, or not these letters: leave name and "
            "password out of REGULARS_SMTP_URL, or name another server."
        ) from None
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise MailError(
            f"The mail server {where} refused the letter ({error.smtp_code} "
            f"{_said(error.smtp_error)}): REGULARS_DIGEST_FROM has to be an address it sends for."
        ) from None
    except smtplib.SMTPRecipientsRefused as error:
        (code, said) = next(iter(error.recipients.values()))
        raise MailError(
            f"The mail server {where} does not know the reader ({code} {_said(said)}): check the "
            "address in REGULARS_DIGEST_TO."
        ) from None
    except ssl.SSLError as error:
        raise MailError(
            f"The mail server {where} cannot be trusted ({error.reason}): its certificate has to "
            "be valid for this name; smtps:// is for a server that encrypts from the start."
        ) from None
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(
            f"The mail server {where} does not answer ({_said(error)}): check the host and port of "
            "REGULARS_SMTP_URL, and that this machine may reach it."
        ) from None


def _encrypt(connection: smtplib.SMTP, server: MailServer, safe: ssl.SSLContext) -> None:
    """Encrypt the line; only what stays on this machine may go without."""
    if connection.has_extn("starttls"):
        connection.starttls(context=safe)
        connection.ehlo()
    elif not is_loopback(server.host):
        raise MailError(
            f"The mail server {server.host}:{server.port} does not encrypt: nothing was sent. Use "
            "smtps://, or a server that offers STARTTLS."
        )


def _said(error: object) -> str:
    """What a server or the system said, as one short line."""
    text = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
    return " ".join(text.split())[:200] or type(error).__name__
