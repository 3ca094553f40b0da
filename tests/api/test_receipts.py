"""A receipt as the API shows it: who sent what, the fate of each row, and what happened since."""

from __future__ import annotations

from app.access.roles import Role
from app.access.service import authority_by_code, issue_key
from app.intake.files import keep_file, take_up_waiting
from tests.reporting import NOW, laboratory, report


def test_it_says_who_sent_what_and_what_happened_since(client, key):
    sent = client.post("/api/v1/reports", json=[report(), {"reference": "R-2"}], headers=key).json
    assert sent["submitted_by"].startswith("key ") and sent["authority"] == "LABORATORY-DE"
    assert sent["channel"] == "api" and sent["filename"] is None and sent["content_bytes"] > 100
    assert [row["since"] for row in sent["rows"]] == [[], []]
    client.post("/api/v1/reports", json=report(version=2, sold_as="x"), headers=key)
    told = client.get(f"/api/v1/submissions/{sent['id']}", headers=key).json
    (since,) = told["rows"][0]["since"]
    assert (since["what"], since["version"]) == ("amended", 2) and since["report"] != "RP-000001"
    only = client.get(f"/api/v1/submissions/{sent['id']}?fate=rejected", headers=key).json
    assert [row["row"] for row in only["rows"]] == [2]
    wrong = client.get(f"/api/v1/submissions/{sent['id']}?fate=lost", headers=key)
    assert wrong.status_code == 422 and "none of: accepted" in wrong.json["detail"]


def test_what_repeats_another_names_it(client, database):
    lab = laboratory(database, "FR")
    text = b"reference,event_kind,event_date,country,substance_name\nR,seizure,2026,FR,x\n"
    codes = []
    for _ in range(2):
        kept, _ = keep_file(database, [text], "a.csv", by=lab, now=NOW)
        take_up_waiting(database, clock=lambda: NOW)
        codes.append(kept.code)
    with database.transaction() as session:
        home = authority_by_code(session, "LAB-FR")
        key = {"Authorization": f"Bearer {issue_key(session, home, role=Role.LABORATORY, now=NOW)}"}
    first, second = (client.get(f"/api/v1/submissions/{code}", headers=key).json for code in codes)
    assert (first["repeats"], second["repeats"]) == (None, codes[0])
    assert first["filename"] == "a.csv" and first["rows_done"] == 2
    assert [row["fate"] for row in second["rows"]] == ["unchanged"]
