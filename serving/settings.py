"""Settings of serving: environment variables REGULARS_*, read here and nowhere else."""

import os
import re
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingsError, did_you_mean
from serving.wording.languages import LANGUAGES, Language

PREFIX = "REGULARS_"


ADDRESS = re.compile(r"[^\s@,:<>]+@[^\s@,:<>]+")
EVERYBODY = "*"  # as an owner: the whole company
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over; `is_encrypted`: from the first byte on, else by STARTTLS."""

    host: str
    port: int
    is_encrypted: bool
    user: str | None
    password: str | None = field(repr=False)


@dataclass(frozen=True)
class Reader:
    """Who gets the digest of an owner's customers; `owner` None: of everybody's."""

    owner: str | None
    address: str
    language: Language | None


class Settings(BaseSettings):
    """What `make serve` and publishing need to know about this installation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    store_url: str = Field(
        default="sqlite:///store/regulars.sqlite3",
        description="Where releases are published: an SQLAlchemy URL of SQLite or PostgreSQL.",
    )
    read_only: bool = Field(
        default=False,
        description="true: write nothing, neither into the store nor beside its file: for a copy "
        "of the store, or a disk that may only be read. Also `serve --read-only`.",
    )
    keep_releases: int = Field(
        default=30,
        ge=2,
        description="How many published releases the store keeps, the current one included. "
        "Higher: more disk, older cursors and comparisons stay possible.",
    )
    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on. Other addresses than this machine's own are refused "
        "until there is a key: docs/security.md.",
    )
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one."
    )
    allowed_hosts: str = Field(
        default="127.0.0.1,localhost,[::1]",
        description="Names under which the service may be called, by commas; others get 421, so "
        "that no foreign page can reach it through a name of its own.",
    )
    language: Language = Field(
        default="en", description="Language where neither the URL nor the browser asks for one."
    )

    oidc_issuer: str = Field(
        default="",
        description="Address of the OpenID Connect provider at which users may sign in; none if "
        "empty: docs/security.md.",
    )
    oidc_client_id: str = Field(
        default="", description="What the provider calls this service; needed with the issuer."
    )
    oidc_client_secret: str = Field(
        default="", description="What this service proves itself with; needed with the issuer."
    )

    smtp_url: str = Field(
        default="",
        repr=False,
        description="The mail server that takes the morning digest: smtp://user:password@host:587, "
        "which has to encrypt (STARTTLS) unless it is on this machine, or smtps://…:465. Without "
        "one digests are written to files.",
    )
    digest_from: str = Field(
        default="", description="The address that digests come from; needed with the mail server."
    )
    digest_to: str = Field(
        default="",
        description="Who gets which digest: owner=address, by commas; `*` is everybody's "
        "customers. A language may follow: `Анна=anna@shop.example:ru`.",
    )
    digest_names: bool = Field(
        default=False,
        description="true: digests name customers. Else they hold ids, which lead to the page: "
        "mail is read, kept and forwarded by others.",
    )
    digest_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Where digests find the page: links to customers begin with it.",
    )

    max_connections: int = Field(
        default=1000,
        ge=10,
        le=60_000,
        description="How many connections may be open; a further one ends the one that has waited "
        "longest without a request. Higher: more files and memory.",
    )
    header_seconds: int = Field(
        default=10,
        ge=1,
        description="How long a client may take to send the headers of a request, or a further "
        "part of its body.",
    )
    idle_seconds: int = Field(
        default=75,
        ge=1,
        description="How long a connection is kept for the next request. A proxy in front should "
        "give up earlier than this.",
    )
    write_seconds: int = Field(
        default=30,
        ge=1,
        description="How long a client may leave unread what it was sent; 64 kB at least "
        "have to be read in this time.",
    )
    rate_limit: int = Field(
        default=30_000,
        ge=0,
        description="How many requests a client, by its address, may make in a minute; 0: any "
        "number. Health, readiness, metrics and static files are not counted.",
    )
    key_rate_limit: int = Field(
        default=30_000,
        ge=0,
        description="How many requests a key may make in a minute, from wherever; 0: any number.",
    )
    max_exports: int = Field(
        default=2, ge=1, description="How many lists may be downloaded whole at the same time."
    )
    max_searches: int = Field(
        default=2, ge=1, description="How many searches by name or id may run at the same time."
    )
    max_scores: int = Field(
        default=2, ge=1, description="How many requests for live scores may run at the same time."
    )
    max_requests: int = Field(
        default=8, ge=1, description="How many other requests may be worked on at the same time."
    )

    logs: Literal["text", "json"] = Field(
        default="text",
        description="json: one JSON object a line, with a line for each request; text: only what "
        "goes wrong.",
    )

    @field_validator("store_url")
    @classmethod
    def _is_supported(cls, url: str) -> str:
        if not url.startswith(
            ("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg:")
        ):
            raise ValueError("must start with sqlite:/// or postgresql://")
        return url

    @field_validator("oidc_issuer")
    @classmethod
    def _is_safe(cls, issuer: str) -> str:
        if issuer and not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", issuer):
            raise ValueError("must start with https://")
        return issuer.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, url: str) -> str:
        if url and mail_server(url) is None:
            raise ValueError(
                "must be smtp://user:password@host:587 or smtps://user:password@host, in ASCII"
            )
        return url

    @field_validator("digest_from")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        if address and not ADDRESS.fullmatch(address):
            raise ValueError("must be one address, such as regulars@shop.example")
        return address

    @field_validator("digest_to")
    @classmethod
    def _are_readers(cls, text: str) -> str:
        for pair in _parts(text):
            if _reader(pair) is None:
                raise ValueError(f"{pair!r} is not owner=address or owner=address:language")
        return text

    @field_validator("digest_url")
    @classmethod
    def _is_an_own_page(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
            raise ValueError(
                "must be the address of the page, such as https://regulars.shop.example"
            )
        return url.rstrip("/")

    @model_validator(mode="after")
    def _has_a_client(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            raise ValueError(
                "REGULARS_OIDC_ISSUER needs REGULARS_OIDC_CLIENT_ID and REGULARS_OIDC_CLIENT_SECRET"
            )
        return self

    @property
    def readers(self) -> list[Reader]:
        """Who gets which digest by mail."""
        return [reader for pair in _parts(self.digest_to) if (reader := _reader(pair))]

    @property
    def mail_server(self) -> "MailServer | None":
        """The mail server; None without one."""
        return mail_server(self.smtp_url) if self.smtp_url else None

    @property
    def hosts(self) -> frozenset[str]:
        """The allowed hosts, in small letters."""
        names = {name.strip().lower().rstrip(".") for name in self.allowed_hosts.split(",")}
        return frozenset(names - {""})


def mail_server(url: str) -> MailServer | None:
    """The mail server of an address; None for one that is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not host or parts.path not in ("", "/") or parts.query:
        return None
    user, password = (
        None if part is None else unquote(part) for part in (parts.username, parts.password)
    )
    if not f"{user}{password}".isascii():  # smtplib sends no others
        return None
    return MailServer(host, port or PORTS[parts.scheme], parts.scheme == "smtps", user, password)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _reader(pair: str) -> Reader | None:
    """The reader that owner=address or owner=address:language names."""
    owner, is_pair, rest = pair.rpartition("=")
    address, has_language, asked = rest.partition(":")
    language = next((one for one in LANGUAGES if one == asked), None)
    if not is_pair or not owner.strip() or not ADDRESS.fullmatch(address):
        return None
    if has_language and language is None:
        return None
    return Reader(None if owner.strip() == EVERYBODY else owner.strip(), address, language)


def load_settings() -> Settings:
    """Read the environment. Raises SettingsError naming the variable that cannot be used."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            hint = did_you_mean(name, sorted(known))
            raise SettingsError(
                f"There is no setting {name}.{hint} docs/serving.md lists the settings."
            )
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            "".join(f"{PREFIX}{str(name).upper()}: " for name in part["loc"][:1])
            + part["msg"].removeprefix("Value error, ")
            for part in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(f"{problems}. docs/serving.md lists the settings.") from None
