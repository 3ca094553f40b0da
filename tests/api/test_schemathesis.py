"""The OpenAPI document is kept: whatever it allows or forbids, the API answers as it says.

Generated questions and bodies for every endpoint, by a key of each needed role; all of
Schemathesis's checks. TOCSIN_SCHEMATHESIS_EXAMPLES asks for more of them.
"""

from __future__ import annotations

import os
import socket
import threading

import pytest
import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.access.roles import Role
from app.access.service import add_authority, authority_by_code, issue_key
from app.settings import Settings
from tests.databases import EMPTY, Template
from tests.intake.taking import take_reports
from tests.reporting import NOW, laboratory, report

schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = int(os.environ.get("TOCSIN_SCHEMATHESIS_EXAMPLES", "5"))
SEED = 20261121
# What no JSON Schema can say: a structure that cannot be read, a month that is none, a row of
# another country, two fields that contradict each other, a line of NDJSON, an Idempotency-Key that
# came with something else, a fact of nothing, a search for no spectrum, a decision without its
# reason, bytes that are no spectrum, an address that is no place on the open network, a label of
# spaces. For these endpoints such answers to what the schema lets pass are right.
ONLY_READING_TELLS = {
    "submit_reports": (400, 403, 409, 422),
    "submit_activity": (400, 403, 409, 422),
    "find": (422,),
    "find_by_address": (422,),
    "handle_report": (409, 422),
    "add_subscription": (409, 422),
    "change_subscription": (422,),
    "preview_subscription": (422,),
    "decide_name": (409, 422),
    "decide_on_duplicate": (409, 422),
    "submit_measures": (400, 403, 409, 422),
    "submit_uses": (400, 403, 409, 422),
    "submit_surveillance": (400, 403, 409, 422),
    "submit_standards": (400, 403, 409, 422),
    "search_spectra": (400, 422),
    "add_attachment": (400, 409, 413, 422),
    "add_webhook": (409, 422),
    "add_feed": (409, 422),
    "list_waiting_names": (422,),
    "list_name_decisions": (422,),
    "list_duplicates": (422,),
}


class Silent(WSGIRequestHandler):
    """A server that says nothing of each request."""

    def log(self, kind, message, *args):
        """Nothing."""


def fill(database) -> None:
    home = laboratory(database, "DE")
    sent = [
        report(reference=f"R-{level}", handling=level)
        for level in ("clear", "green", "amber", "red")
    ]
    take_reports(database, sent, by=home)
    with database.transaction() as session:
        add_authority(session, "EWS", "Secretariat", country=None, now=NOW)


@pytest.fixture(scope="module")
def served(backends, tmp_path_factory):
    """The application on SQLite behind a server of this process, and a key of each role.

    In process alone Schemathesis (4.32) cannot walk from one answer to the next question.
    """
    database = backends["sqlite"].make(Template("schemathesis", fill, upon=EMPTY))
    folder = str(tmp_path_factory.mktemp("schemathesis"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    house = create_app(
        Settings.from_env({"TOCSIN_DATA_DIR": folder, "TOCSIN_BASE_URL": address}),
        database=database,
        clock=lambda: NOW,
    )
    server = make_server("127.0.0.1", port, house, threaded=True, request_handler=Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    keys = {}
    with database.transaction() as session:
        for role in Role:
            if role is not Role.PUBLIC:
                code = "LAB-DE" if role in {Role.LABORATORY, Role.FOCAL_POINT} else "EWS"
                key = issue_key(session, authority_by_code(session, code), role=role, now=NOW)
                keys[role.value] = {"Authorization": f"Bearer {key}"}
    yield f"{address}/api/v1/openapi.json", keys
    server.shutdown()
    backends["sqlite"].drop(database)


def configured(document, keys):
    """Every check, a fixed seed, and for each operation a key of a role that it allows."""
    operations = []
    for path in document["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            roles = operation.get("x-roles", ["admin"])
            role = "admin" if "admin" in roles else roles[0]
            said = {"include-operation-id": name, "headers": keys[role]}
            if more := ONLY_READING_TELLS.get(name):
                allowed = ["2xx", "404", *map(str, more)]
                said["checks"] = {"positive_data_acceptance": {"expected-statuses": allowed}}
            operations.append(said)
    return schemathesis.Config.from_dict(
        {
            "seed": SEED,
            "headers": keys["admin"],
            "generation": {
                "max-examples": EXAMPLES,
                "deterministic": True,
                "database": "none",
                "no-shrink": True,
            },
            "operations": operations,
        }
    )


def test_every_endpoint_keeps_what_the_document_promises(served):
    address, keys = served
    document = requests.get(address, timeout=30).json()
    schema = schemathesis.openapi.from_url(address, config=configured(document, keys))
    asked, failures = 0, {}
    for event in schemathesis.engine.from_schema(schema).execute():
        recorder = getattr(event, "recorder", None)
        if recorder is None:
            error = getattr(event, "exception", None) or getattr(event, "value", None)
            assert not isinstance(error, Exception), error
            continue
        asked += len(recorder.interactions)
        for case, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info:
                    asking = recorder.cases[case].value.as_curl_command()
                    said = f"{check.name}: {check.failure_info.failure}\n{asking}"
                    failures.setdefault((recorder.label, check.name), said)
    assert asked > 500
    assert not failures, "\n\n".join(failures.values())
