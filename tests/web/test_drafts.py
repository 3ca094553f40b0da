"""Writing, checking, issuing and ending alerts on the pages; reading them in three lengths."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import select

from app.access.handling import Handling
from app.access.roles import SECRETARIAT, SIGNED_IN, Actor, Role
from app.notification import drafts as room
from app.notification.models import Alert, Draft, DraftState, Edition, Product
from app.surveillance.models import Episode
from tests.notification.written import a_content, issued, retracted, updated
from tests.web.browsing import signed_in
from tests.web.conftest import Visit
from tests.web.making import HOSTILE, NOW
from tests.web.test_desk import OWN, send
from tests.web.test_pages import obeys

WORDS = {
    "product": "advisory", "tier": "alert", "handling": "clear", "valid_until": "2027-01-31",
    "headline": "Mind the tablets", "happened": "They were found.", "known": "Little.",
    "unknown": "Much.", "response": "screen", "then": "save",
    "subject": "family:nitazene",
}  # fmt: skip


def begun(client: FlaskClient, **words: str) -> str:
    """The path of a draft that somebody began."""
    answer = client.post("/alerts/drafts/new", data=WORDS | words, headers=OWN)
    assert answer.status_code == 302, answer.text
    return answer.location


def test_from_an_empty_form_to_an_issued_alert_and_its_end(visit: Visit):
    analyst, reviewer = visit(Role.ANALYST), visit(Role.REVIEWER)
    path = begun(analyst)
    page = send(analyst, f"{path}/submit", version="1").text
    assert "waits for somebody else" in page and "I checked it" not in page
    assert "you wrote some of" in send(analyst, f"{path}/check", version="1").text
    assert "I checked it" in reviewer.get(path).text
    assert "is checked" in send(reviewer, f"{path}/check", version="1").text
    assert "tick that you mean it" in send(reviewer, f"{path}/issue", version="1").text
    page = send(reviewer, f"{path}/issue", version="1", confirmed="yes").text
    (code,) = set(re.findall(r"A-\d{5}(?= is issued)", page))
    public = visit(Role.PUBLIC)
    assert "Mind the tablets" in public.get("/alerts").text
    assert "They were found." in public.get(f"/alerts/{code}").text
    assert "How it goes on" not in public.get(f"/alerts/{code}").text
    assert "Mind the tablets" in public.get("/api/v1/alerts").text
    send(analyst, f"/alerts/{code}/retract", reason="A mix-up.", confirmed="yes")
    (retraction,) = set(re.findall(r"D-\d{5}(?=\">D)", analyst.get("/alerts/drafts").text)) - {
        path.rsplit("/", 1)[1]
    }
    path = f"/alerts/drafts/{retraction}"
    assert "somebody else has to confirm it" in analyst.get(path).text
    page = send(reviewer, f"{path}/confirm", version="1", confirmed="yes").text
    assert "is retracted" in page
    assert "no longer stands" in public.get(f"/alerts/{code}").text


def test_what_was_typed_stays_beside_what_is_wrong(visit: Visit):
    client = visit(Role.ANALYST)
    sent = WORDS | {"known": f"Take 5 mg {HOSTILE}", "countries": "UK"}
    answer = client.post("/alerts/drafts/new", data=sent, headers=OWN)
    assert answer.status_code == 422
    assert "did you mean GB?" in answer.text and "leave doses out" in answer.text
    assert "Take 5 mg &lt;script&gt;" in answer.text
    obeys(answer.text)
    assert "Nobody has written anything yet" in client.get("/alerts/drafts").text


def test_a_preview_keeps_nothing(visit: Visit):
    client = visit(Role.ANALYST)
    answer = client.post("/alerts/drafts/new", data=WORDS | {"then": "preview"}, headers=OWN)
    assert "TLP:CLEAR ADVISORY: Mind the tablets http" in answer.text
    assert "not saved yet" in answer.text
    assert "Nobody has written anything yet" in client.get("/alerts/drafts").text


def test_two_who_edit_at_once_do_not_overwrite_each_other(visit: Visit):
    analyst, admin = visit(Role.ANALYST), visit(Role.ADMIN)
    path = begun(analyst)
    admin.post(path, data=WORDS | {"version": "1", "known": "First."}, headers=OWN)
    answer = analyst.post(path, data=WORDS | {"version": "1", "known": "Second."}, headers=OWN)
    assert answer.status_code == 422
    assert "admin@tocsin.test saved version 2" in answer.text and "Second." in answer.text


def test_who_checks_sees_what_is_different_from_what_was_told(visit: Visit, full):
    with full.transaction() as session:
        alert = issued(session, now=NOW)
    analyst = visit(Role.ANALYST)
    path = analyst.post(f"/alerts/{alert.code}/update", headers=OWN).location
    words = WORDS | {"version": "1", "headline": "Nitazenes in capsules sold as oxycodone"}
    page = analyst.post(path, data=words, headers=OWN, follow_redirects=True).text
    assert "Nitazenes in <del>tablets</del><ins>capsules</ins> sold as oxycodone" in " ".join(
        page.split()
    ).replace("</del> <ins>", "</del><ins>").replace("</ins> sold", "</ins> sold")


def test_a_signal_and_a_substance_give_a_form_to_begin_with(visit: Visit, full):
    with full.reading() as session:
        episodes = session.scalars(select(Episode)).all()
        told = [e for e in episodes if e.views[0].handling <= 2]
    client = visit(Role.ANALYST)
    for episode in told:
        page = client.get(f"/alerts/drafts/new?signal={episode.code}").text
        assert f'value="{episode.code}"' in page and f'value="{episode.substance.code}"' in page
        assert f"new?signal={episode.code}" in client.get(f"/signals/{episode.code}").text
    page = client.get(f"/alerts/drafts/new?substance={told[0].substance.code}").text
    assert f'value="{told[0].substance.code}"' in page
    assert client.get("/alerts/drafts/new?signal=E-99999").status_code == 404


@pytest.mark.parametrize(
    ("reason", "confirmed", "why"),
    [
        ("Take 5 mg <b>of it", "yes", "leave doses out"),
        ("Too long a story. " * 60, "yes", "at most 1000 are told"),
        ("It was right <b>once", "", "tick that you mean it"),
    ],
)
@pytest.mark.parametrize("end", ["close", "retract"])
def test_a_reason_that_is_refused_stays_in_its_field(
    visit: Visit, full, end, reason, confirmed, why
):
    with full.transaction() as session:
        alert = issued(session, now=NOW)
    client = visit(Role.ANALYST)
    answer = client.post(
        f"/alerts/{alert.code}/{end}",
        data={"reason": reason, "confirmed": confirmed},
        headers=OWN,
    )
    assert answer.status_code == 422
    assert why in answer.text
    form = answer.text.partition(f'/alerts/{alert.code}/{end}"')[2].partition("</form>")[0]
    assert escape(reason.strip()) in form
    other = answer.text.replace(form, "")
    assert escape(reason.strip()) not in other
    obeys(answer.text)


def test_a_remark_that_is_refused_stays_in_its_field(visit: Visit):
    analyst, reviewer = visit(Role.ANALYST), visit(Role.REVIEWER)
    path = begun(analyst)
    send(analyst, f"{path}/submit", version="1")
    sent = {"version": "1", "remark": "Write 5 mg <b>instead"}
    answer = reviewer.post(f"{path}/return", data=sent, headers=OWN)
    assert answer.status_code == 422 and "leave doses out" in answer.text
    assert (
        'name="remark" maxlength="1000" required value="Write 5 mg &lt;b&gt;instead"' in answer.text
    )
    obeys(answer.text)
    assert "I checked it" in reviewer.get(path).text


def test_the_list_of_drafts_goes_on_until_its_end(visit: Visit, full):
    with full.transaction() as session:
        by = Actor(Role.ANALYST, "analyst@tocsin.test")
        written = [
            room.start(session, a_content(headline=f"Headline {n}."), by=by, now=NOW)
            for n in range(210)
        ]
        ended = [one.code for one in written[::2]]
        for code in ended:
            room.discard(session, code, version=1, by=by, now=NOW)
        written = [one.code for one in written]
    client, path, met = visit(Role.ANALYST), "/alerts/drafts", []
    while path:
        page = client.get(path).text
        obeys(page)
        met += re.findall(r'<th scope="row" class="code"><a [^>]*>(D-\d+)', page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(more[1]) if more else ""
    under_way = sorted(set(written) - set(ended), reverse=True)
    assert met == [*under_way, *sorted(ended, reverse=True)]
    for cursor in ("open", "open~x", "shut~3", "ended~-3"):
        assert client.get(f"/alerts/drafts?after={cursor}").status_code == 422


@pytest.mark.parametrize("role", sorted({Role.PUBLIC, *SIGNED_IN} - SECRETARIAT))
def test_drafts_are_for_the_secretariat_alone(visit: Visit, full, role: Role):
    with full.transaction() as session:
        by = Actor(Role.ANALYST, "analyst@tocsin.test")
        draft = room.start(session, a_content(headline="Not yet told"), by=by, now=NOW)
    client = visit(role)
    for path in ("/alerts/drafts", "/alerts/drafts/new", f"/alerts/drafts/{draft.code}"):
        answer = client.get(path)
        assert answer.status_code in {302, 403} and "Not yet told" not in answer.text
    for path in ("submit", "check", "issue", "discard", "return", "confirm"):
        answer = client.post(f"/alerts/drafts/{draft.code}/{path}", headers=OWN)
        assert answer.status_code in {302, 403}
    with full.reading() as session:
        assert session.scalars(select(Draft.state)).all() == [DraftState.DRAFT]


def test_an_amber_one_is_read_by_those_who_sign_in_and_by_no_public_door(visit: Visit, full):
    with full.transaction() as session:
        alert = issued(session, now=NOW, headline="For few eyes", handling=Handling.AMBER)
    public, peer = visit(Role.PUBLIC), visit(Role.SUBSCRIBER)
    doors = ("/alerts", f"/alerts/{alert.code}", f"/alerts/{alert.code}?as=short", "/feed.json",
             "/feed.atom", f"/cap/{alert.code}.xml", "/api/v1/alerts",
             f"/api/v1/alerts/{alert.code}", "/")  # fmt: skip
    for door in doors:
        assert "For few eyes" not in public.get(door).text
    assert "For few eyes" in peer.get(f"/alerts/{alert.code}").text


def test_the_three_lengths_and_every_edition_stay(visit: Visit, full):
    with full.transaction() as session:
        alert = issued(session, now=NOW, headline="First wording")
        updated(session, alert, now=NOW.replace(hour=13), headline="Second wording")
        first = session.scalars(select(Edition).where(Edition.headline == "First wording")).one()
        retracted(session, alert, now=NOW.replace(hour=14))
    client, path = visit(Role.PUBLIC), f"/alerts/{alert.code}"
    for length in ("short", "page", "full", "nonsense"):
        obeys(client.get(f"{path}?as={length}").text)
    assert "TLP:CLEAR RETRACTED ADVISORY: Second wording" in client.get(f"{path}?as=short").text
    old = client.get(f"{path}?edition={first.id}").text
    assert "An earlier wording" in old and "blue tablets" in old
    assert "blue tablets" not in client.get(path).text
    assert client.get(f"{path}?edition=999999").status_code == 200


def test_machines_are_told_the_product_its_state_and_its_parts(visit: Visit, full):
    with full.transaction() as session:
        alert = issued(session, now=NOW)
    client = visit(Role.PUBLIC)
    said = client.get(f"/api/v1/alerts/{alert.code}").json
    assert (said["product"], said["state"], said["valid_until"], said["substance"]) == (
        "advisory", "issued", "2027-01-31", None,
    )  # fmt: skip
    assert said["text"]["unknown"] == "How many there are." and said["response"]
    with full.reading() as session:
        notice = session.scalars(select(Alert).where(Alert.product == Product.NOTICE)).first()
    said = client.get(f"/api/v1/alerts/{notice.code}").json
    assert (said["product"], said["valid_until"], said["text"]) == ("notice", None, None)


@pytest.mark.browser
def test_somebody_writes_it_somebody_checks_it_and_one_page_is_one_page(chromium, site):
    """As long as texts may be, with every option: still one sheet of A4."""
    writer = signed_in(chromium, site, 1280, "light", "analyst")
    writer.goto("/alerts/drafts/new")
    writer.fill("[name=headline]", ("A long headline " * 10)[:160])
    for name, most in (("happened", 2000), ("known", 2000), ("unknown", 2000), ("advice", 1000)):
        writer.fill(f"[name={name}]", ("It is so, and goes on being so. " * 70)[:most])
    for box in writer.query_selector_all("[name=response]"):
        box.check()
    writer.fill("[name=countries]", "DE FR ES IT PL SE NO FI DK NL BE AT CH CZ")
    writer.fill("[name=substances]", "TS-00001 TS-00002 TS-00003 TS-00004")
    writer.fill("[name=valid_until]", "2027-01-31")
    writer.click("button:text-is('Save')")
    writer.click("button:text('Submit for the check')")
    checker = signed_in(chromium, site, 390, "dark", "reviewer")
    checker.goto(writer.url.removeprefix(site))
    checker.click("button:text('I checked it')")
    checker.check(".steps [name=confirmed]")
    checker.click("button:text-is('Issue')")
    checker.wait_for_url("**/alerts/A-*")
    wide, window = checker.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= window
    checker.goto(f"{checker.url.removeprefix(site)}?as=page")
    pages = re.findall(rb"/Type\s*/Page\b", checker.pdf(prefer_css_page_size=True))
    assert len(pages) == 1
