"""Every setting of the service: one table, read from the environment into one frozen object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from app.errors import Misconfigured

DEMO_SECRET = "demonstration-secret-not-for-production"  # noqa: S105 - refused in production
SHORTEST_SECRET = 32
LOOPBACK = ("127.0.0.1", "::1", "localhost")
WEBHOOK_PLACE = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")  # host:port
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class Mode(StrEnum):
    """`demonstration` may run with a known secret and demo logins; `production` refuses both."""

    DEMONSTRATION = "demonstration"
    PRODUCTION = "production"


class Tls(StrEnum):
    """Whether mail goes to the server over TLS."""

    OFFERED = "offered"
    REQUIRED = "required"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, its default as written, and what it does."""

    name: str
    default: str
    help: str


SETTINGS = (
    Setting("TOCSIN_MODE", "demonstration", "`demonstration` or `production`; production refuses the demo secret and demo logins"),
    Setting("TOCSIN_DATA_DIR", "instance", "folder for the embedded database, mail files and backups"),
    Setting("TOCSIN_DATABASE_URL", "", "SQLAlchemy URL; empty means SQLite inside the data folder; `postgresql://user:pass@host/db` for PostgreSQL"),
    Setting("TOCSIN_SECRET_KEY", "", f"signs sessions and links; at least {SHORTEST_SECRET} characters; required in production"),
    Setting("TOCSIN_SMTP_URL", "", "`smtp://user:pass@host:port`, `smtp+starttls://…` or `smtps://…`; empty writes `.eml` files to `mail/` in the data folder"),
    Setting("TOCSIN_SMTP_TLS", "offered", "`offered`: TLS wherever the mail server offers it; `required`: no mail without; `off`: never, only for a server on this machine; certificates are always verified, against `SSL_CERT_FILE` if that is set"),
    Setting("TOCSIN_SMTP_CONNECTIONS", "4", "connections to the mail server at once, each used for up to 100 mails"),
    Setting("TOCSIN_MAIL_BURST", "5", "most alerts mailed one by one to an address within an hour; the others come in one mail at the end of the hour; what is urgent or retracted always comes at once"),
    Setting("TOCSIN_OPERATIONS_EMAIL", "", "address told at most once a day when a job fails, mail is parked, or the mail server takes nothing as it is set; people with the role admin are told anyway"),
    Setting("TOCSIN_MAIL_FROM", "tocsin@localhost", "sender address of alerts"),
    Setting("TOCSIN_BASE_URL", "", "address that readers use, for links in mail and feeds; empty means http://127.0.0.1:PORT"),
    Setting("TOCSIN_HOST", "127.0.0.1", "address the web server binds to"),
    Setting("PORT", "8000", "port the web server binds to"),
    Setting("TOCSIN_WEB_WORKERS", "2", "web server processes, sixteen threads each"),
    Setting("TOCSIN_MAX_BODY_MB", "32", "largest request body, in megabytes"),
    Setting("TOCSIN_MAX_UPLOAD_MB", "512", "largest file sent from the upload page, in megabytes"),
    Setting("TOCSIN_ASSESS_MINUTES", "15", "minutes between assessments by the worker"),
    Setting("TOCSIN_DELIVER_SECONDS", "30", "seconds between deliveries by the worker"),
    Setting("TOCSIN_WEBSUB_HUB", "", "address of a WebSub hub that spreads the public feeds, `https://hub.example.org/`; empty: none is announced"),
    Setting("TOCSIN_PUBCHEM", "off", "`on` lets curators look an unresolved name of a public report up in PubChem"),
    Setting("TOCSIN_WEBHOOK_ALLOW", "", "webhook targets that are not on the open network or have no TLS, for tests and closed networks: `host:port` or networks such as `10.20.0.0/16`, separated by commas"),
    Setting("TOCSIN_LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as read once at start; passed to whoever needs them, never looked up again."""

    mode: Mode
    data_dir: Path
    database_url: str
    secret_key: str
    smtp_url: str
    smtp_tls: Tls
    smtp_connections: int
    mail_burst: int
    operations_email: str
    mail_from: str
    base_url: str
    host: str
    port: int
    web_workers: int
    max_body_mb: int
    max_upload_mb: int
    assess_minutes: int
    deliver_seconds: int
    websub_hub: str
    pubchem: bool
    webhook_allow: tuple[str, ...]
    log_level: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check the settings. Raises Misconfigured, naming the variable and the remedy."""
        value = {s.name: environ.get(s.name) or s.default for s in SETTINGS}
        data_dir = Path(value["TOCSIN_DATA_DIR"]).resolve()
        port = _whole(value, "PORT", 1, 65_535)
        settings = cls(
            mode=_mode(value["TOCSIN_MODE"]),
            data_dir=data_dir,
            database_url=_database_url(value["TOCSIN_DATABASE_URL"], data_dir),
            secret_key=value["TOCSIN_SECRET_KEY"] or DEMO_SECRET,
            smtp_url=_smtp_url(value["TOCSIN_SMTP_URL"]),
            smtp_tls=_smtp_tls(value["TOCSIN_SMTP_TLS"], value["TOCSIN_SMTP_URL"]),
            smtp_connections=_whole(value, "TOCSIN_SMTP_CONNECTIONS", 1, 32),
            mail_burst=_whole(value, "TOCSIN_MAIL_BURST", 1, 1000),
            operations_email=_mail_address(value, "TOCSIN_OPERATIONS_EMAIL"),
            mail_from=_mail_address(value, "TOCSIN_MAIL_FROM"),
            base_url=_base_url(value["TOCSIN_BASE_URL"] or f"http://127.0.0.1:{port}"),
            host=value["TOCSIN_HOST"],
            port=port,
            web_workers=_whole(value, "TOCSIN_WEB_WORKERS", 1, 64),
            max_body_mb=_whole(value, "TOCSIN_MAX_BODY_MB", 1, 1024),
            max_upload_mb=_whole(value, "TOCSIN_MAX_UPLOAD_MB", 1, 100_000),
            assess_minutes=_whole(value, "TOCSIN_ASSESS_MINUTES", 1, 1440),
            deliver_seconds=_whole(value, "TOCSIN_DELIVER_SECONDS", 1, 3600),
            websub_hub=_hub(value["TOCSIN_WEBSUB_HUB"]),
            pubchem=_on(value, "TOCSIN_PUBCHEM"),
            webhook_allow=_webhook_allow(value["TOCSIN_WEBHOOK_ALLOW"]),
            log_level=_log_level(value["TOCSIN_LOG_LEVEL"]),
        )
        settings.refuse_unsafe()
        return settings

    @property
    def production(self) -> bool:
        """Whether real reports of real countries may be in here."""
        return self.mode is Mode.PRODUCTION

    @property
    def mail_dir(self) -> Path:
        """Where mail goes as `.eml` files when no SMTP server is set."""
        return self.data_dir / "mail"

    def refuse_unsafe(self) -> None:
        """Raise Misconfigured when production would run with a secret that others know."""
        if not self.production:
            if self.secret_key == DEMO_SECRET and self.host not in LOOPBACK:
                raise Misconfigured(
                    f"TOCSIN_HOST is {self.host}: beyond this machine the demonstration secret "
                    "would let anybody sign in; set TOCSIN_SECRET_KEY"
                )
            return
        if self.secret_key == DEMO_SECRET:
            raise Misconfigured(
                "TOCSIN_SECRET_KEY is the demonstration secret; production needs its own: "
                "python -c 'import secrets; print(secrets.token_hex(32))'"
            )
        if len(self.secret_key) < SHORTEST_SECRET:
            raise Misconfigured(
                f"TOCSIN_SECRET_KEY has {len(self.secret_key)} characters; "
                f"production needs at least {SHORTEST_SECRET}"
            )


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise Misconfigured(f"TOCSIN_MODE is {text!r}; use demonstration or production") from None


def _whole(value: Mapping[str, str], name: str, least: int, most: int) -> int:
    try:
        number = int(value[name])
    except ValueError:
        raise Misconfigured(f"{name} is {value[name]!r}; it must be a whole number") from None
    if not least <= number <= most:
        raise Misconfigured(f"{name} is {number}; it must lie between {least} and {most}")
    return number


def _on(value: Mapping[str, str], name: str) -> bool:
    word = value[name].strip().lower()
    if word not in {"on", "off"}:
        raise Misconfigured(f"{name} is {value[name]!r}; use on or off")
    return word == "on"


def _database_url(text: str, data_dir: Path) -> str:
    """SQLite in the data folder unless told otherwise; PostgreSQL always through psycopg 3."""
    if not text:
        return f"sqlite:///{data_dir / 'tocsin.sqlite'}"
    for scheme in ("postgres://", "postgresql://"):
        if text.startswith(scheme):
            return "postgresql+psycopg://" + text.removeprefix(scheme)
    if text.startswith(("sqlite:///", "postgresql+psycopg://")):
        return text
    raise Misconfigured(
        f"TOCSIN_DATABASE_URL starts with {text.split(':', 1)[0]!r}; use sqlite:/// or postgresql://"
    )


def _smtp_url(text: str) -> str:
    if not text or _leads_somewhere(text, {"smtp", "smtp+starttls", "smtps"}):
        return text
    raise Misconfigured("TOCSIN_SMTP_URL must look like smtp://user:pass@host:port")


def _base_url(text: str) -> str:
    if not _leads_somewhere(text, {"http", "https"}):
        raise Misconfigured(f"TOCSIN_BASE_URL is {text!r}; it must look like https://host")
    return text.rstrip("/")


def _hub(text: str) -> str:
    if not text or (_leads_somewhere(text, {"http", "https"}) and not set(text) & set(' <>"')):
        return text
    raise Misconfigured("TOCSIN_WEBSUB_HUB must look like https://hub.example.org/")


def _leads_somewhere(url: str, schemes: set[str]) -> bool:
    """Whether it is a URL of one of these schemes with a host, and a port that is none or a number."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        return False


def _smtp_tls(text: str, url: str) -> Tls:
    try:
        tls = Tls(text.strip().lower())
    except ValueError:
        raise Misconfigured(f"TOCSIN_SMTP_TLS is {text!r}; use offered, required or off") from None
    if tls is Tls.OFF and url and urlsplit(url).hostname not in LOOPBACK:
        raise Misconfigured(
            "TOCSIN_SMTP_TLS is off: mail would leave this machine in the clear; use offered"
        )
    return tls


def _mail_address(value: Mapping[str, str], setting: str) -> str:
    """The address of a setting; an empty one stays empty."""
    text = value[setting].strip()
    name, at, host = text.rpartition("@")
    if text and not (name and at and host and text.isprintable()):
        raise Misconfigured(f"{setting} is {text!r}; it must be an e-mail address")
    return text


def _webhook_allow(text: str) -> tuple[str, ...]:
    entries = tuple(entry.strip() for entry in text.split(",") if entry.strip())
    for entry in entries:
        try:
            if not WEBHOOK_PLACE.fullmatch(entry):
                ip_network(entry)
        except ValueError:
            raise Misconfigured(
                f"TOCSIN_WEBHOOK_ALLOW holds {entry!r}; use host:port or a network as 10.20.0.0/16"
            ) from None
    return entries


def _log_level(text: str) -> str:
    level = text.strip().upper()
    if level not in LOG_LEVELS:
        raise Misconfigured(f"TOCSIN_LOG_LEVEL is {text!r}; use one of {', '.join(LOG_LEVELS)}")
    return level
