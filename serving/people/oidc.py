"""Signing in at an OpenID Connect provider: the authorization code flow with PKCE (RFC 7636).

The provider says who somebody is, by an e-mail address that it has verified; what they may do says
the user of that name in the store. Nobody gets in who was not added there.
"""

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from itsdangerous import BadData, URLSafeTimedSerializer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.errors import AccountError
from serving.settings import Settings

COOKIE = "regulars_oidc"  # holds a flow while the browser is at the provider
FLOW_SECONDS, CLOCK_SECONDS, TIMEOUT_SECONDS = 600, 60, 5
ALGORITHMS = ["RS256", "PS256", "ES256"]  # of keys that only the provider has
MOST_BYTES = 1_000_000
REFUSED = "The provider did not say who signs in: begin again."


@dataclass(frozen=True)
class Flow:
    """One attempt to sign in: what the provider has to send back, and where it leads to."""

    state: str
    nonce: str
    verifier: str
    following: str


def new_flow(following: str) -> Flow:
    """A flow that nobody can guess."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Flow(state, nonce, verifier, following)


def sealed(flow: Flow, key: bytes) -> str:
    """The flow as a cookie that only this service can have written."""
    parts = [flow.state, flow.nonce, flow.verifier, flow.following]
    text: str = _sealer(key).dumps(parts)
    return text


def unsealed(cookie: str, key: bytes) -> Flow:
    """The flow of a cookie. Raises AccountError for one that is forged or old."""
    try:
        return Flow(*_sealer(key).loads(cookie, max_age=FLOW_SECONDS))
    except BadData:
        raise AccountError(REFUSED) from None


class Provider:
    """The provider of the settings; it is asked when somebody signs in, and not before."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.oidc_issuer
        self.client_id, self._client_secret = settings.oidc_client_id, settings.oidc_client_secret

    def address(self, flow: Flow, back: str) -> str:
        """Where the browser is sent to; `back` is our address that it comes back to.

        Raises AccountError where the provider does not answer.
        """
        digest = hashlib.sha256(flow.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "scope": "openid email",
            "client_id": self.client_id,
            "redirect_uri": back,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return f"{self._metadata()['authorization_endpoint']}?{urlencode(asked)}"

    def name(self, flow: Flow, sent: Mapping[str, str], back: str) -> str:
        """The verified e-mail address of whoever comes back with what the provider `sent`.

        Raises AccountError where anything of it does not fit.
        """
        if not secrets.compare_digest(sent.get("state", "").encode(), flow.state.encode()):
            raise AccountError(REFUSED)
        metadata = self._metadata()
        answer = self._asked(
            metadata["token_endpoint"],
            {
                "grant_type": "authorization_code",
                "code": sent.get("code", ""),
                "redirect_uri": back,
                "client_id": self.client_id,
                "client_secret": self._client_secret,
                "code_verifier": flow.verifier,
            },
        )
        try:
            keys = KeySet.import_key_set(self._asked(metadata["jwks_uri"]))  # type: ignore[arg-type]
            claims = jwt.decode(str(answer["id_token"]), keys, ALGORITHMS).claims
            jwt.JWTClaimsRegistry(
                leeway=CLOCK_SECONDS,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self.client_id},
                exp={"essential": True},
                nonce={"essential": True, "value": flow.nonce},
            ).validate(claims)
        except (JoseError, LookupError, ValueError, TypeError):
            raise AccountError(REFUSED) from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if several and claims.get("azp") != self.client_id:
            raise AccountError(REFUSED)  # made for another client
        if claims.get("email_verified") is not True or not isinstance(claims.get("email"), str):
            raise AccountError("The provider has not verified an e-mail address of this account.")
        return str(claims["email"])

    def _metadata(self) -> dict[str, Any]:
        found = self._asked(f"{self.issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self.issuer:
            raise AccountError(
                "The provider calls itself by another name than REGULARS_OIDC_ISSUER."
            )
        return found

    def _asked(self, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The provider's JSON answer. Raises AccountError without one."""
        if not url.startswith((self.issuer.partition(":")[0] + ":", "https:")):
            raise AccountError("The provider names an address without https.")
        body = None if form is None else urlencode(form).encode()
        request = urllib.request.Request(url, body, {"Accept": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                content = json.loads(answer.read(MOST_BYTES))
        except (urllib.error.URLError, OSError, ValueError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            raise AccountError("The provider does not answer, or refuses: try again.") from None
        if not isinstance(content, dict):
            raise AccountError(REFUSED)
        return content


def _sealer(key: bytes) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(key, salt="regulars oidc")
