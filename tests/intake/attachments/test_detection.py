"""What a file is: by its content, whatever it is called."""

from __future__ import annotations

import pytest

from app.errors import Refused
from app.intake.attachments.detection import (
    FORMATS,
    JCAMP,
    JPEG,
    MSP,
    MZML,
    PDF,
    PNG,
    TIFF,
    WEBP,
    Kind,
    file_name,
    format_of,
    read,
)
from tests.intake.attachments import making


@pytest.mark.parametrize(("content", "form"), [
    (making.PDF, PDF),
    (making.PNG, PNG),
    (b"\xff\xd8\xff\xe0" + bytes(20), JPEG),
    (b"II*\x00" + bytes(20), TIFF),
    (b"MM\x00*" + bytes(20), TIFF),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", WEBP),
    (making.curve([(1000, 1)]), JCAMP),
    (b"\xef\xbb\xbf\r\n ##title= x\n##END=\n", JCAMP),
    (making.msp(), MSP),
    (making.msp().decode().encode("utf-16"), MSP),
    (making.mzml(making.scan()), MZML),
])  # fmt: skip
def test_a_format_is_known_by_its_content(content: bytes, form) -> None:
    assert format_of(content) is form


@pytest.mark.parametrize("content", [
    b"", b" ", b"MZ\x90\x00" + bytes(100), b"\x7fELF" + bytes(100), b"PK\x03\x04" + bytes(100),
    b"#!/bin/sh\nrm -rf /\n", b"just words\n", b"reference,country\nR-1,DE\n", bytes(5000),
    b" %PDF-1.7", b"GIF89a", b"RIFF\x00\x00\x00\x00WAVE", b"{}", b"\xff\xfe",
    b"<?xml version='1.0'?><a/>",
])  # fmt: skip
def test_anything_else_is_refused_and_told_what_would_be_right(content: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        format_of(content)
    assert content == b"" or "JCAMP-DX" in str(refusal.value)


@pytest.mark.parametrize("content", [
    b"<html><script>alert(1)</script></html>", b"<!DOCTYPE html><p>", b"<svg onload=alert(1)>",
    b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
    b"##nothing <script>Num Peaks: 1\n1 1</script>",
])  # fmt: skip
def test_what_can_carry_scripts_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="carry scripts"):
        format_of(content)


def test_no_format_is_served_as_something_that_runs() -> None:
    served = {form.media_type for form in FORMATS}
    assert not served & {"text/html", "image/svg+xml", "application/xml", "text/xml"}
    assert {form.kind for form in FORMATS} == set(Kind)
    assert read(making.PDF, PDF) == read(making.PNG, PNG) == []


@pytest.mark.parametrize(("given", "form", "kept"), [
    ("run 7.jdx", JCAMP, "run 7.jdx"),
    ("run 7.JDX", JCAMP, "run 7.JDX"),
    ("C:\\data\\run.dx", JCAMP, "run.dx"),
    ("../../etc/passwd", PDF, "passwd.pdf"),
    ("..", PDF, "document.pdf"),
    ("", PNG, "image.png"),
    ('a"b\r\nSet-Cookie: x.pdf', PDF, "a_b__Set-Cookie_ x.pdf"),
    ("\u202efdp.pdf", PDF, "_fdp.pdf"),
    ("x" * 500 + ".pdf", PDF, "x" * 120 + ".pdf"),
    ("report", MSP, "report.msp"),
])  # fmt: skip
def test_a_name_is_kept_as_far_as_it_is_harmless(given: str, form, kept: str) -> None:
    assert file_name(given, form) == kept


@pytest.mark.parametrize(("given", "form"), [
    ("spectrum.pdf", JCAMP), ("spectrum.exe", JCAMP), ("page.html", MSP), ("x.pdf.svg", PDF),
    ("photo.png", JPEG), ("run.jdx", MZML),
])  # fmt: skip
def test_a_name_that_says_another_format_is_refused(given: str, form) -> None:
    with pytest.raises(Refused, match=f"but its content is {form.name}"):
        file_name(given, form)
