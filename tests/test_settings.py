"""Settings: a wrong one stops the service at once, and says which and what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.errors import Misconfigured
from app.settings import DEMO_SECRET, SETTINGS, Mode, Settings

README = Path(__file__).parents[1] / "README.md"
OWN_SECRET = "f" * 64


def test_with_nothing_set_a_newcomer_gets_a_demonstration_on_this_machine() -> None:
    settings = Settings.from_env({})
    assert settings.mode is Mode.DEMONSTRATION
    assert settings.database_url == f"sqlite:///{settings.data_dir / 'tocsin.sqlite'}"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.mail_dir == settings.data_dir / "mail"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.from_env({s.name: "" for s in SETTINGS}) == Settings.from_env({})


def test_links_follow_the_port_unless_an_address_is_set() -> None:
    assert Settings.from_env({"PORT": "9000"}).base_url == "http://127.0.0.1:9000"
    env = {"PORT": "9000", "TOCSIN_BASE_URL": "https://ews.example.org/"}
    assert Settings.from_env(env).base_url == "https://ews.example.org"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_always_reached_through_the_one_driver(scheme: str) -> None:
    url = Settings.from_env({"TOCSIN_DATABASE_URL": f"{scheme}://u:p@db:5432/tocsin"}).database_url
    assert url == "postgresql+psycopg://u:p@db:5432/tocsin"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOCSIN_MODE", "prod"),
        ("TOCSIN_DATABASE_URL", "mysql://u@h/d"),
        ("TOCSIN_DATABASE_URL", "/var/lib/tocsin.sqlite"),
        ("TOCSIN_SMTP_URL", "mail.example.org"),
        ("TOCSIN_SMTP_URL", "http://mail.example.org"),
        ("TOCSIN_SMTP_URL", "smtp://"),
        ("TOCSIN_SMTP_URL", "smtp://mail.example.org:post"),
        ("TOCSIN_SMTP_URL", "smtp://[::1"),
        ("TOCSIN_MAIL_FROM", "alerts"),
        ("TOCSIN_MAIL_FROM", "a@b\nBcc: everybody@example.org"),
        ("TOCSIN_BASE_URL", "ews.example.org"),
        ("TOCSIN_BASE_URL", "javascript://alert"),
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("TOCSIN_WEB_WORKERS", "0"),
        ("TOCSIN_WEB_WORKERS", "two"),
        ("TOCSIN_MAX_BODY_MB", "-1"),
        ("TOCSIN_MAX_BODY_MB", "1e3"),
        ("TOCSIN_ASSESS_MINUTES", "0"),
        ("TOCSIN_DELIVER_SECONDS", "3601"),
        ("TOCSIN_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        Settings.from_env({name: value})


@pytest.mark.parametrize("secret", ["", DEMO_SECRET, "short", "x" * 31])
def test_production_refuses_a_secret_that_others_know_or_guess(secret: str) -> None:
    with pytest.raises(Misconfigured, match="TOCSIN_SECRET_KEY"):
        Settings.from_env({"TOCSIN_MODE": "production", "TOCSIN_SECRET_KEY": secret})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_beyond_this_machine_a_demonstration_needs_a_secret_of_its_own_too(host: str) -> None:
    with pytest.raises(Misconfigured, match="TOCSIN_HOST"):
        Settings.from_env({"TOCSIN_HOST": host})
    assert Settings.from_env({"TOCSIN_HOST": host, "TOCSIN_SECRET_KEY": OWN_SECRET}).host == host


def test_production_starts_with_a_secret_of_its_own() -> None:
    settings = Settings.from_env({"TOCSIN_MODE": "production", "TOCSIN_SECRET_KEY": OWN_SECRET})
    assert settings.production
    assert settings.secret_key == OWN_SECRET


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_the_readme_documents_every_setting_as_it_is(setting) -> None:
    default = f"`{setting.default}`" if setting.default else "empty"
    row = f"| `{setting.name}` | {default} | {setting.help} |"
    assert row in README.read_text(encoding="utf-8").splitlines()


def test_the_readme_documents_no_setting_that_is_gone() -> None:
    table = re.findall(r"^\| `(TOCSIN_\w+|PORT)` \|", README.read_text(encoding="utf-8"), re.M)
    assert sorted(table) == sorted(s.name for s in SETTINGS)
